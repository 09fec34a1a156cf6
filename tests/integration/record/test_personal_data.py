"""Personal data beside the record: readable by one role, erasable, never in an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest
from venture_core.record.database import Role, connect
from venture_core.record.personaldata import (
    PersonalDataErasedError,
    PersonalDataError,
    erase_personal_data,
    read_personal_data,
    store_personal_data,
)

if TYPE_CHECKING:
    from pydantic import SecretStr

ALICE = {"name": "Alice Doe", "mail": "alice@example.com"}


async def test_data_is_kept_until_it_is_erased(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    producer = await connect(database, Role.PRODUCER, name="test")
    privacy = await connect(database, Role.PRIVACY, name="test")
    alice = await store_personal_data(producer, subject="alice", data=ALICE)
    again = await store_personal_data(producer, subject="alice", data=ALICE)
    bob = await store_personal_data(producer, subject="bob", data={"name": "Bob"})
    # Keyed: equal data cannot be recognised by equal digests.
    assert alice.digest != again.digest

    assert await read_personal_data(privacy, alice) == (
        b'{"mail":"alice@example.com","name":"Alice Doe"}'
    )
    assert await erase_personal_data(privacy, subject="alice") == 2
    assert await erase_personal_data(privacy, subject="alice") == 0
    with pytest.raises(PersonalDataErasedError):
        await read_personal_data(privacy, alice)
    assert await read_personal_data(privacy, bob) == b'{"name":"Bob"}'

    left = await superuser.fetchrow(
        "SELECT data, data_key FROM record.personal_data WHERE reference = $1", alice.reference
    )
    assert left is not None
    assert tuple(left) == (None, None)
    await producer.close()
    await privacy.close()


async def test_changed_data_is_noticed(database: SecretStr, superuser: asyncpg.Connection) -> None:
    alice = await store_personal_data(superuser, subject="alice", data=ALICE)
    await superuser.execute("UPDATE record.personal_data SET data = 'other'")
    with pytest.raises(PersonalDataError, match="changed"):
        await read_personal_data(superuser, alice)


async def test_only_privacy_reads_personal_data(database: SecretStr) -> None:
    for role in set(Role) - {Role.PRIVACY}:
        connection = await connect(database, role, name="test")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT FROM record.personal_data")
        await connection.close()


async def test_data_is_bounded(database: SecretStr, superuser: asyncpg.Connection) -> None:
    with pytest.raises(PersonalDataError, match="65536 allowed"):
        await store_personal_data(superuser, subject="alice", data={"text": "x" * 65_536})
