"""A port that a test gives a server of its own."""

from __future__ import annotations

import socket
from collections import deque
from typing import TYPE_CHECKING

import surroundings
from surroundings import PORTS, free_port

if TYPE_CHECKING:
    import pytest


def test_a_free_port_is_free_at_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubelet listens at an address of the machine, and a service would listen at all of them."""
    taken, free = free_port(), free_port()
    offsets = iter([taken % PORTS, free % PORTS])
    monkeypatch.setattr(surroundings, "_GIVEN", deque())
    monkeypatch.setattr(surroundings.secrets, "randbelow", lambda _: next(offsets))
    with socket.create_server(("127.0.0.2", taken)):
        assert free_port() == free
