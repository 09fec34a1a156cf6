"""Nobody moves money but by the functions, not even the owner of the tables."""

from __future__ import annotations

import json
from uuid import UUID

import asyncpg
import pytest
from moneyscenes import OK, Scene, code_of
from venture_core.record.database import Role
from venture_core.treasury.operations import Kind

EDITS = {
    "a transfer out of balance": (
        "INSERT INTO treasury.transfers (operation_id, wallet_id, posted_at, amount_minor, "
        "debit_code, credit_code) SELECT gen_random_uuid(), wallet_id, now(), 1, 1020, 1020 "
        "FROM treasury.wallets"
    ),
    "a transfer of nothing": (
        "INSERT INTO treasury.transfers (operation_id, wallet_id, posted_at, amount_minor, "
        "debit_code, credit_code) SELECT gen_random_uuid(), wallet_id, now(), -5, 1020, 6010 "
        "FROM treasury.wallets"
    ),
    "a transfer that nobody asked for": (
        "INSERT INTO treasury.transfers (operation_id, wallet_id, posted_at, amount_minor, "
        "debit_code, credit_code) SELECT gen_random_uuid(), wallet_id, now(), 1, 1020, 3010 "
        "FROM treasury.wallets"
    ),
    "an overdrawn wallet": (
        "INSERT INTO treasury.transfers (operation_id, wallet_id, posted_at, amount_minor, "
        "debit_code, credit_code) SELECT o.operation_id, wallet_id, now(), 100001, 6010, 1020 "
        "FROM treasury.wallets, (SELECT operation_id FROM treasury.operations LIMIT 1) o"
    ),
    "an operation that is no event": (
        "INSERT INTO treasury.operations (operation_id, status, input_hash, answer) "
        "VALUES (gen_random_uuid(), 200, sha256(''), '')"
    ),
    "an edited transfer": "UPDATE treasury.transfers SET amount_minor = 1",
    "a deleted transfer": "DELETE FROM treasury.transfers",
    "an edited account": "UPDATE treasury.accounts SET debits_minor = debits_minor + 1",
    "an edited answer": "UPDATE treasury.operations SET answer = ''",
    "other terms": "UPDATE treasury.intents SET per_transaction_micros = 1000000000",
    "a deleted hold": "DELETE FROM treasury.holds",
    "a larger hold": "UPDATE treasury.holds SET amount_micros = amount_micros + 1",
    "a hold that lives again": (
        "UPDATE treasury.holds SET state = 'Pending', resolved_at = NULL WHERE state = 'Voided'"
    ),
    "spent money that comes back": "UPDATE treasury.budgets SET spent_micros = 0",
    "a negative hold": "UPDATE treasury.budgets SET held_micros = -1",
    "more held than there is": (
        "UPDATE treasury.budgets SET held_micros = limit_micros + 1 WHERE kind = 'Wallet'"
    ),
    "leave to spend that ended and is open again": (
        "UPDATE treasury.budgets SET state = 'Open', ended_at = NULL "
        "WHERE state <> 'Open' AND kind = 'Intent'"
    ),
    "no more tables": "TRUNCATE treasury.transfers",
}


@pytest.fixture
async def busy(scene: Scene) -> Scene:
    """A scene with one of everything."""
    held = await scene.spend(500)
    for answer in (
        await scene.follow(Kind.VOID, UUID(held.json()["id"])),
        await scene.spend(700, final=True),
        await scene.void_intent(),
    ):
        assert code_of(answer) == OK
    return scene


REFUSALS = (asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError)


async def _refused(connection: asyncpg.Connection, role: str) -> dict[str, bool]:
    """Try every edit as a role; return for each whether it was refused."""
    refused = {}
    for what, statement in EDITS.items():
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL ROLE {role}")
                await connection.execute(statement)
        except REFUSALS:
            refused[what] = True
        else:
            refused[what] = False
    return refused


@pytest.mark.parametrize("who", ["venture_owner", "postgres", Role.TREASURY.value])
async def test_an_edit_is_refused_from_anybody(
    busy: Scene, superuser: asyncpg.Connection, who: str
) -> None:
    assert busy
    assert await _refused(superuser, who) == dict.fromkeys(EDITS, True)


async def test_no_other_role_reads_or_moves_money(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    assert scene
    for role in set(Role) - {Role.TREASURY}:
        await superuser.execute(f"SET ROLE {role}")
        for statement in (
            "SELECT * FROM treasury.wallets",
            "SELECT treasury.decide('[]')",
            "INSERT INTO treasury.days VALUES (gen_random_uuid(), now(), 0)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await superuser.execute(statement)


async def test_a_decision_without_its_event_is_undone(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    operation = scene.spending(100, final=True).to_json()
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await superuser.fetch("SELECT treasury.decide($1::jsonb)", json.dumps([operation]))
    assert await superuser.fetchval("SELECT count(*) FROM treasury.holds") == 0
