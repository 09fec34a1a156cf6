"""What every error of the database means: a table, and that there is no error without a meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest
from venture_core.record.failures import (
    BY_SQLSTATE,
    ELSEWHERE,
    LATER,
    REFUSED,
    Failure,
    ends_connection,
    judge,
    may_pass,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def _kinds(kind: type[asyncpg.PostgresError]) -> Iterator[type[asyncpg.PostgresError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (asyncpg.DiskFullError("no space left"), LATER),
        (asyncpg.OutOfMemoryError(""), LATER),
        (asyncpg.TooManyConnectionsError(""), LATER),
        (asyncpg.QueryCanceledError("canceling statement due to user request"), LATER),
        (asyncpg.LockNotAvailableError(""), LATER),
        (asyncpg.DeadlockDetectedError(""), LATER),
        (asyncpg.SerializationError(""), LATER),
        (asyncpg.UndefinedFunctionError("not migrated yet"), LATER),
        (asyncpg.InvalidSchemaNameError("not migrated yet"), LATER),
        (asyncpg.InsufficientPrivilegeError("not granted yet"), LATER),
        (asyncpg.ReadOnlySQLTransactionError("demoted"), ELSEWHERE),
        (asyncpg.InvalidPasswordError("changed"), ELSEWHERE),
        (asyncpg.InvalidAuthorizationSpecificationError(""), ELSEWHERE),
        (asyncpg.InvalidCatalogNameError("no such database"), ELSEWHERE),
        (asyncpg.AdminShutdownError(""), ELSEWHERE),
        (asyncpg.CrashShutdownError(""), ELSEWHERE),
        (asyncpg.CannotConnectNowError(""), ELSEWHERE),
        (asyncpg.ConnectionDoesNotExistError(""), ELSEWHERE),
        (asyncpg.InternalServerError(""), ELSEWHERE),
        (asyncpg.PostgresIOError(""), ELSEWHERE),
        (asyncpg.InvalidCachedStatementError(""), ELSEWHERE),
        (asyncpg.InterfaceError("connection is closed"), ELSEWHERE),
        (ConnectionResetError(), ELSEWHERE),
        (TimeoutError(), ELSEWHERE),
        (asyncpg.UniqueViolationError(""), REFUSED),
        (asyncpg.DataError(""), REFUSED),
        (asyncpg.CharacterNotInRepertoireError(""), REFUSED),
        (asyncpg.RaiseError(""), REFUSED),
        (asyncpg.StatementTooComplexError(""), REFUSED),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_what_errors_mean(error: Exception, meaning: Failure) -> None:
    assert judge(error) == meaning
    assert (may_pass(error), ends_connection(error)) == (meaning.may_pass, meaning.ends_connection)


def test_every_error_that_the_driver_knows_has_a_stated_meaning() -> None:
    codes = {kind.sqlstate for kind in _kinds(asyncpg.PostgresError) if kind.sqlstate}
    assert len(codes) > 200
    unstated = {code for code in codes if code not in BY_SQLSTATE and code[:2] not in BY_SQLSTATE}
    assert unstated == set()


def test_our_own_codes_are_refusals_and_unknown_ones_may_pass() -> None:
    own, unknown = asyncpg.PostgresError("over"), asyncpg.PostgresError("new")
    own.sqlstate, unknown.sqlstate = "VE001", "ZZ999"
    assert judge(own) == REFUSED
    assert judge(unknown) == ELSEWHERE


def test_errors_of_others_have_no_meaning_here() -> None:
    assert judge(ValueError()) is None
    assert not may_pass(KeyError())
    assert not ends_connection(KeyError())
