"""Connections that the kernel ends soon after the other side has vanished without a word.

A process that is killed has its kernel say goodbye. A pod that is killed with its network, or a
node that loses power, says nothing: who waits for its answer would wait as long as answers may
take.
"""

import socket
from typing import Final

VANISHED_SECONDS: Final = 10
"""After how long a connection ends whose other side has vanished."""
_PROBES: Final = 5

type SocketOption = tuple[int, int, int]


def watchful(seconds: int = VANISHED_SECONDS) -> list[SocketOption]:
    """Return the options of a socket that is ended so many seconds after its other side is gone.

    Half of them are quiet, in the other half it is asked.
    """
    return [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds // 2),
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, seconds // 2 // _PROBES)),
        (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES),
        # Nothing is asked while data waits for an acknowledgement: this bounds that.
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000),
    ]


def watch(found: socket.socket, seconds: int = VANISHED_SECONDS) -> None:
    """Give an open socket those options, where it is one of TCP."""
    if found.family != socket.AF_UNIX:
        for option in watchful(seconds):
            found.setsockopt(*option)
