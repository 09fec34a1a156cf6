"""Turns of tests on a cluster that they share."""

import fcntl
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from turns import Turns

if TYPE_CHECKING:
    from pathlib import Path


def door_is_taken(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def test_many_have_it_at_once_and_who_wants_to_be_alone_is_next(tmp_path: Path) -> None:
    shared = tmp_path / "kubeconfig"
    shared.touch()
    one, another, alone, late = (Turns(shared) for _ in range(4))
    one.take(alone=False)
    another.take(alone=False)
    with ThreadPoolExecutor() as pool:
        waits = pool.submit(alone.take, alone=True)
        deadline = time.monotonic() + 60
        while not door_is_taken(tmp_path):
            assert time.monotonic() < deadline
        comes = pool.submit(late.take, alone=False)
        one.give_up()
        assert not waits.done()
        another.give_up()
        waits.result(60)
        # It goes on for as long as it wants, and nobody comes in between.
        alone.take(alone=True)
        assert not comes.done()
        alone.give_up()
        comes.result(60)
        late.give_up()
