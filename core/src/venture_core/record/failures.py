"""What every error of the database means: whether the same again may succeed, and where.

Two questions decide what a caller does. May it pass? Then the same is tried again, and if time is
up, nobody knows whether it is recorded. And must the connection be closed? It leads to a server
that stopped, hangs, or was demoted to a read-only standby: on a new connection, which goes to
whoever is the primary then, the same may succeed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Failure:
    """What an error means for the one who asked."""

    may_pass: bool
    """Whether the same may succeed later: the error says nothing about what was asked."""
    ends_connection: bool
    """Whether the connection it came by is of no more use."""


REFUSED: Final = Failure(may_pass=False, ends_connection=False)
"""It will not pass: what was asked is wrong."""
LATER: Final = Failure(may_pass=True, ends_connection=False)
"""It may pass on the same connection: once there is room, a lock, a right, or the schema."""
ELSEWHERE: Final = Failure(may_pass=True, ends_connection=True)
"""It may pass on a new connection."""

_LOST_STATES: Final = ("03", "0B", "24", "2D", "3B")
"""Classes of a transaction or cursor that is not in the state we take it to be in."""
_FAULTS: Final = ("09", "0F", "0Z", "10", "20", "27", "2F", "38", "39", "44")
"""Classes of what a function or view was asked for and cannot do."""
_ARRANGEMENTS: Final = ("0L", "0P", "2B", "72", "F0")
"""Classes of roles, snapshots and files that an administrator or time arranges."""

BY_SQLSTATE: Final[Mapping[str, Failure]] = {
    **dict.fromkeys(_LOST_STATES, ELSEWHERE),
    **dict.fromkeys(_FAULTS, REFUSED),
    **dict.fromkeys(_ARRANGEMENTS, LATER),
    "08": ELSEWHERE,  # the connection failed
    "0A": ELSEWHERE,  # a statement that was prepared before a migration
    "21": REFUSED,  # a cardinality that no statement of ours has
    "22": REFUSED,  # data that cannot be: no JSON, no UTF-8, no date
    "23": REFUSED,  # a constraint
    "25": ELSEWHERE,  # 25006: the server is a read-only standby, or was demoted to one
    "26": ELSEWHERE,  # a pooler gave another session, without our prepared statement
    "28": ELSEWHERE,  # the login is refused: the password was changed, or will be
    "34": ELSEWHERE,  # as 26, for cursors
    "3D": ELSEWHERE,  # the database is not there (yet)
    "3F": LATER,  # the schema is not there (yet)
    "40": LATER,  # a deadlock or a serialization failure
    "42": LATER,  # a table, a function or a right is not there (yet)
    "53": LATER,  # the disk is full, or memory or connections are used up
    "54": REFUSED,  # too long or too deep
    "55": LATER,  # a lock
    "57": ELSEWHERE,  # the server shuts down, starts, or ended the session
    "57014": LATER,  # the statement was cancelled, or took too long
    "58": ELSEWHERE,  # an error of input or output
    "HV": ELSEWHERE,  # another server that this one asks
    "P0": REFUSED,  # raised by a function of ours
    "VE": REFUSED,  # raised by a function of ours, with a code of its own
    "XX": ELSEWHERE,  # an internal error of the server
}
"""By code or, where that is not listed, by its class: the first two characters."""


def judge(error: BaseException) -> Failure | None:
    """Say what an error means; None where it does not come from the database or the way there.

    A code that nobody foresaw may pass, on a new connection: to give up would be a guess as well,
    and the one that loses.
    """
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return BY_SQLSTATE.get(code) or BY_SQLSTATE.get(code[:2]) or ELSEWHERE
    # The driver's own: no answer in time, a connection that ended under it.
    if isinstance(
        error, (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    ):
        return ELSEWHERE
    return None


def may_pass(error: BaseException) -> bool:
    """Tell whether the same may succeed later."""
    failure = judge(error)
    return failure is not None and failure.may_pass


def ends_connection(error: BaseException) -> bool:
    """Tell whether the connection that an error came by is of no more use."""
    failure = judge(error)
    return failure is not None and failure.ends_connection
