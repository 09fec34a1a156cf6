"""The shapes of ASGI, as far as they are used here."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

REQUESTS: Final = frozenset({"http", "websocket"})
"""The types of scopes that are somebody's request: to be named, bounded, measured and answered."""

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return the only value of a header; None where there is none, or more than one."""
    found = [value for each, value in scope["headers"] if each == name]
    return found[0] if len(found) == 1 else None
