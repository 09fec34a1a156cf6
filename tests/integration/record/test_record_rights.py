"""What each program's login may do in the database, as the installation guide has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid7

import asyncpg
import pytest
from recordevents import started
from venture_core.events.envelope import Service
from venture_core.events.types.money import IntentApprovedV1
from venture_core.record.database import Role, service_role
from workflowevents import Flow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recordservers import PostgresServer
    from venture_core.events.envelope import EventEnvelopeV1

GUIDE: Final = Path(__file__).resolve().parents[3] / "docs" / "install.md"

LOGINS: Final = {
    "operator": (service_role(Service.ORCHESTRATOR),),
    "treasury": (Role.TREASURY,),
    "sequencer": (Role.SEQUENCER,),
    "relay": (Role.RELAY,),
    "projector": (Role.PROJECTOR,),
    "archiver": (Role.ARCHIVER,),
    "confirmer": (Role.CONFIRMER,),
    "auditor": (Role.AUDITOR,),
    "content": (Role.CONTENT,),
    "privacy": (Role.PRIVACY, service_role(Service.COMPLIANCE_ENGINE)),
}
"""Logins as the chart makes them, one for each program, and the roles each is a member of."""

READERS: Final = frozenset({"relay", "projector", "auditor", "archiver"})
PRODUCERS: Final = frozenset({"operator", "privacy"})
NOBODY: Final[frozenset[str]] = frozenset()
_LEASE = "INSERT INTO record.leaders VALUES ('{0}', 1, 'me', now())"

RIGHTS: Final = {
    "append the operator's events": ("operator's event", {"operator"}),
    "append the treasury's events without a decision": ("treasury's event", NOBODY),
    "decide about money": ("SELECT treasury.decide('[]')", {"treasury"}),
    "read the ledger": ("SELECT FROM treasury.transfers", {"treasury"}),
    "write the ledger past the functions": (
        "INSERT INTO treasury.days VALUES (gen_random_uuid(), now(), 0)",
        NOBODY,
    ),
    "end the epochs of the operator": (
        "SELECT record.venture_fence_writer('venture-orchestrator/x', 1)",
        {"operator"},
    ),
    "read events": ("SELECT FROM record.events", READERS),
    "read the events of one object": (
        "SELECT record.venture_object_events(gen_random_uuid(), gen_random_uuid(), 0, 1)",
        {"content"},
    ),
    "read the events of a namespace": (
        "SELECT record.namespace_events('nowhere', 0)",
        {"content"},
    ),
    "let founders in": ("SELECT record.begin_sign_in('nobody')", {"content"}),
    "read what proves founders": ("SELECT FROM record.accounts", NOBODY),
    "change, delete or truncate events": (
        (
            "UPDATE record.events SET canonical = ''",
            "DELETE FROM record.events",
            "TRUNCATE record.events",
        ),
        NOBODY,
    ),
    "insert into events past the function": (
        (
            "INSERT INTO record.events DEFAULT VALUES",
            "INSERT INTO record.event_ids DEFAULT VALUES",
            "UPDATE record.chain_heads SET seq = 0",
        ),
        NOBODY,
    ),
    "number events and store checkpoints": (
        (
            "INSERT INTO record.log_index VALUES (0, 1, now(), gen_random_uuid(), sha256(''))",
            "INSERT INTO record.checkpoints (size, root, note) VALUES (1, sha256(''), '')",
        ),
        {"sequencer"},
    ),
    "change or delete what is numbered or signed": (
        (
            "UPDATE record.log_index SET seq = 0",
            "DELETE FROM record.checkpoints",
            "DELETE FROM record.log_keys",
        ),
        NOBODY,
    ),
    "make partitions": ("SELECT record.venture_ensure_partitions(1)", {"sequencer"}),
    "take the sequencer's lease": (_LEASE.format("sequencer"), {"sequencer"}),
    "take the relay's lease": (_LEASE.format("relay"), {"relay"}),
    "say what is published": (
        "INSERT INTO record.relay_positions VALUES ('x', 0, 0, now())",
        {"relay"},
    ),
    "write read models": ("INSERT INTO projection.positions VALUES ('x', 0)", {"projector"}),
    "read the read models": ("SELECT FROM projection.workflows", {"projector", "auditor"}),
    "note an archive": (
        "INSERT INTO record.archives VALUES ('events_2020_01', 0, 1, 1, 1, now(), sha256(''), 'x')",
        {"archiver"},
    ),
    "bring a month back": ("SELECT record.venture_begin_restore('events_2020_01')", {"archiver"}),
    "confirm an archive": (
        "SELECT record.venture_confirm_archive('events_2020_01', sha256(''))",
        {"confirmer"},
    ),
    "drop a confirmed month": (
        "SELECT record.venture_detach_partition('events_2020_01')",
        {"confirmer"},
    ),
    "keep a published bundle": (
        "SELECT record.store_policy_bundle('sha256:' || encode(sha256('{}'), 'hex'), '{}')",
        {"operator"},
    ),
    "name the builds that have no end": (
        "SELECT record.venture_living_builds(gen_random_uuid(), 1)",
        {"operator"},
    ),
    "read a published bundle": ("SELECT record.policy_bundle('')", {"operator", "treasury"}),
    "keep, change or forget bundles past the function": (
        (
            "INSERT INTO record.policy_bundles (hash, content) VALUES ('', '')",
            "UPDATE record.policy_bundles SET content = ''",
            "DELETE FROM record.policy_bundles",
        ),
        NOBODY,
    ),
    "store personal data": (
        "SELECT record.venture_store_personal_data(gen_random_uuid(), 'x', sha256(''), '')",
        PRODUCERS,
    ),
    "read personal data": ("SELECT FROM record.personal_data", {"privacy"}),
    "erase personal data": (
        "SELECT record.venture_erase_personal_data('x', '', NULL, NULL, '{}')",
        {"privacy"},
    ),
    "change the schema, become its owner": (
        (
            "CREATE TABLE record.mine (a int)",
            "ALTER TABLE record.events DISABLE TRIGGER ALL",
            "DROP TABLE record.archives",
            "CREATE OR REPLACE FUNCTION record.check_events(p_event_ids uuid[], p_workflow_ids "
            "uuid[], p_canonicals bytea[]) RETURNS void LANGUAGE sql AS 'SELECT'",
            "SET ROLE venture_owner",
            "SET session_replication_role = replica",
        ),
        NOBODY,
    ),
}
"""What may be done, by what statements, and by whose login."""


def table() -> str:
    """Return the guide's table of these rights."""
    lines = [f"| | {' | '.join(LOGINS)} |", f"| --- |{' --- |' * len(LOGINS)}"]
    for right, (_, holders) in RIGHTS.items():
        marks = ("yes" if login in holders else "" for login in LOGINS)
        lines.append(f"| {right} | {' | '.join(marks)} |".replace("  ", " "))
    return "\n".join(lines)


def test_the_guide_has_this_table() -> None:
    assert table() in GUIDE.read_text()


@pytest.mark.parametrize("login", LOGINS)
async def test_a_login_can_do_what_the_table_says_and_no_more(
    postgres: PostgresServer, superuser: asyncpg.Connection, login: str
) -> None:
    name = f"{login}_{uuid7().hex}"
    await superuser.execute(f"CREATE ROLE {name} LOGIN; GRANT {', '.join(LOGINS[login])} TO {name}")
    database = await superuser.fetchval("SELECT current_database()")
    connection = await asyncpg.connect(postgres.url(database, user=name).get_secret_value())
    try:
        for right, (statements, holders) in RIGHTS.items():
            for statement in (statements,) if isinstance(statements, str) else statements:
                # As psql logs in, with all roles at once, and as the program does, with its own.
                may = await _may(connection, statement) or await _may(
                    connection, statement, role=LOGINS[login][0]
                )
                assert may == (login in holders), f"{login}: {right}: {statement}"
    finally:
        await connection.close()
        await superuser.execute(f"DROP ROLE {name}")


async def _may(connection: asyncpg.Connection, statement: str, *, role: str = "none") -> bool:
    """Tell whether a statement is let through; what it says then is no matter of rights."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"SET LOCAL ROLE {role}")
        for each in _events(statement):
            await connection.execute(
                "SELECT record.venture_append_events($1, $2, $3)",
                [each.event_id],
                [each.workflow_id],
                [each.canonical_bytes()],
            )
            return True
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    except asyncpg.PostgresError as error:
        return error.sqlstate != "VE004"
    else:
        return True
    finally:
        await transaction.rollback()


def _events(statement: str) -> Iterator[EventEnvelopeV1]:
    if statement == "operator's event":
        yield started(uuid7(), 1)
    if statement == "treasury's event":
        yield Flow().intent(IntentApprovedV1)
