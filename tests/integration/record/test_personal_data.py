"""Personal data beside the record: readable by one role, erasable, never in an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid7

import asyncpg
import pytest
from recordevents import started
from venture_core.record.database import Role, connect
from venture_core.record.migrate import migrate
from venture_core.record.personaldata import (
    PersonalDataErasedError,
    PersonalDataError,
    erase_personal_data,
    read_personal_data,
    store_personal_data,
)

if TYPE_CHECKING:
    from pydantic import SecretStr

ASKED: dict[str, Any] = {"trace_id": UUID(int=5), "now": datetime.now(UTC)}
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
    erased = await erase_personal_data(privacy, subject="alice", **ASKED)
    assert erased.items == 2
    assert (await erase_personal_data(privacy, subject="alice", **ASKED)).items == 0
    with pytest.raises(PersonalDataErasedError):
        await read_personal_data(privacy, alice)
    assert await read_personal_data(privacy, bob) == b'{"name":"Bob"}'

    left = await superuser.fetchrow(
        "SELECT data, data_key, subject FROM record.personal_data WHERE reference = $1",
        alice.reference,
    )
    assert left is not None
    assert tuple(left) == (None, None, None)
    await producer.close()
    await privacy.close()


async def test_an_erasure_is_recorded_and_says_not_whose_data_it_was(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    privacy = await connect(database, Role.PRIVACY, name="test")
    await store_personal_data(superuser, subject="alice", data=ALICE)
    await store_personal_data(superuser, subject="bob", data={"name": "Bob"})
    erased = await erase_personal_data(privacy, subject="alice", **ASKED)
    assert (erased.is_of("alice"), erased.is_of("bob")) == (True, False)
    rows = await superuser.fetch("SELECT event_type, payload FROM record.readable_events")
    assert [row["event_type"] for row in rows] == ["privacy.data.erased.v1"]
    payload = json.loads(rows[0]["payload"])
    assert payload == erased.event.payload if erased.event else False
    assert payload["items"] == 1
    digest = await superuser.fetchval(
        "SELECT subject_digest FROM record.personal_data WHERE subject IS NULL"
    )
    assert digest == payload["subject"]
    for table in ("personal_data", "events"):
        dump = await superuser.fetchval(f"SELECT string_agg(t::text, '') FROM record.{table} t")  # noqa: S608
        assert "alice" not in dump
        assert b"alice".hex() not in dump
    await privacy.close()


async def test_nothing_is_erased_without_an_event_that_says_so(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    privacy = await connect(database, Role.PRIVACY, name="test")
    await store_personal_data(superuser, subject="alice", data=ALICE)
    other = started(uuid7(), 1)
    with pytest.raises(asyncpg.PostgresError, match="not that of the erasure"):
        await privacy.execute(
            "SELECT record.venture_erase_personal_data('alice', $1, $2, $3, $4)",
            "hmac-sha256:" + "0" * 64,
            other.event_id,
            other.workflow_id,
            other.canonical_bytes(),
        )
    assert await superuser.fetchval("SELECT count(*) FROM record.personal_data") == 1
    assert await superuser.fetchval("SELECT count(data) FROM record.personal_data") == 1
    await privacy.close()


async def test_what_was_erased_before_keeps_no_subject_either(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    await migrate(database, "2026_11_26_09")
    for subject in ("alice", "alice", "bob", "carol"):
        await store_personal_data(superuser, subject=subject, data=ALICE)
    for subject in ("alice", "bob"):
        await superuser.execute("SELECT record.venture_erase_personal_data($1)", subject)
    await migrate(database)
    rows = await superuser.fetch("SELECT subject, subject_digest FROM record.personal_data")
    assert [row["subject"] for row in rows if row["subject"]] == ["carol"]
    assert len({row["subject_digest"] for row in rows} - {None}) == 2
    await migrate(database, "2026_11_26_09")
    await migrate(database)


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
