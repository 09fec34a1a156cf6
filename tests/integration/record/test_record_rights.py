"""What each program's login may do in the database, as the installation guide has it."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid7

import asyncpg
import pytest
from moneyscenes import OK, Scene, code_of
from recordevents import started
from venture_core.canonical import canonical_json
from venture_core.events.envelope import Service
from venture_core.events.types import REGISTRY
from venture_core.record.assignments import Assignments, NotAssignedError
from venture_core.record.database import Role, connect, service_role
from venture_core.record.recovery import find_damage, recover
from venture_core.treasury.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pydantic import SecretStr
    from recordservers import PostgresServer

GUIDE: Final = Path(__file__).resolve().parents[3] / "docs" / "install.md"

LOGINS: Final = {
    "operator": (service_role(Service.ORCHESTRATOR),),
    "policy-engine": (service_role(Service.POLICY_ENGINE),),
    "egress-proxy": (service_role(Service.EGRESS_PROXY),),
    "tool-gateway": (service_role(Service.TOOL_GATEWAY),),
    "llm-gateway": (service_role(Service.LLM_GATEWAY),),
    "treasury-api": (Role.TREASURY,),
    "control-plane-api": (Role.CONTENT,),
    "sequencer": (Role.SEQUENCER,),
    "relay": (Role.RELAY,),
    "projector": (Role.PROJECTOR,),
    "archiver": (Role.ARCHIVER,),
    "confirmer": (Role.CONFIRMER,),
    "auditor": (Role.AUDITOR,),
    "recovery": (Role.RECOVERY,),
    "privacy": (Role.PRIVACY, service_role(Service.COMPLIANCE_ENGINE)),
}
"""Logins as the chart makes them, one for each program, and the roles each is a member of."""

CHART: Final = (
    "record.retention.months=1",
    "toolGateway.enabled=true",
    "llmGateway.enabled=true",
)
"""With what a release has every program."""

WITHOUT_PROGRAM: Final = frozenset({"privacy"})
"""Whom no release has yet: whoever erases personal data makes this login."""

READERS: Final = frozenset({"relay", "projector", "auditor", "archiver"})
JUDGES: Final = frozenset({"policy-engine", "egress-proxy", "tool-gateway", "llm-gateway"})
PRODUCERS: Final = JUDGES | {"operator", "privacy"}
ASKED_BY_AGENTS: Final = JUDGES | {"operator", "treasury-api"}
NOBODY: Final[frozenset[str]] = frozenset()
_LEASE = "INSERT INTO record.leaders VALUES ('{0}', 1, 'me', now())"

RIGHTS: Final = {
    "append the operator's events": (Service.ORCHESTRATOR, {"operator"}),
    "append the policy engine's events": (Service.POLICY_ENGINE, {"policy-engine"}),
    "append the egress proxy's events": (Service.EGRESS_PROXY, {"egress-proxy"}),
    "append the tool-gateway's events": (Service.TOOL_GATEWAY, {"tool-gateway"}),
    "append the llm-gateway's events": (Service.LLM_GATEWAY, {"llm-gateway"}),
    "append the treasury's events past its functions": (Service.TREASURY_API, NOBODY),
    "append what a loss is told by past the function": (Service.EVENT_RELAY, NOBODY),
    "append that personal data was erased": (Service.COMPLIANCE_ENGINE, {"privacy"}),
    "decide about money, and say so": (
        (
            "SELECT treasury.decide('[]')",
            "SELECT treasury.conclude('{}', '{}', '{}', '{}', '{}', '{}', '{}')",
        ),
        {"treasury-api"},
    ),
    "read the ledger": ("SELECT FROM treasury.transfers", {"treasury-api"}),
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
        {"control-plane-api"},
    ),
    "read the events of a namespace": (
        "SELECT record.namespace_events('nowhere', 0)",
        {"control-plane-api"},
    ),
    "let founders in": ("SELECT record.begin_sign_in('nobody')", {"control-plane-api"}),
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
    "assign an agent's Job": ("SELECT record.assign('work/x', '{}')", {"operator"}),
    "read what a Job is assigned to": ("SELECT record.assignment('')", ASKED_BY_AGENTS),
    "begin and finish calls of tools": (
        (
            "SELECT record.begin_tool_call(gen_random_uuid(), gen_random_uuid(), 'x', '', 1)",
            "SELECT record.finish_tool_call(gen_random_uuid(), gen_random_uuid(), '{}')",
        ),
        {"tool-gateway"},
    ),
    "begin an epoch of the log after a loss": (
        "SELECT record.venture_recover(NULL, NULL, 'x', 'x', '{}', '{}', '{}', '{}')",
        {"recovery"},
    ),
    "read a published bundle": ("SELECT record.policy_bundle('')", ASKED_BY_AGENTS),
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


def test_the_table_has_every_login_of_the_chart(
    render_chart: Callable[..., list[dict[str, Any]]],
) -> None:
    manifests = render_chart("ci/dev.yaml", sets=CHART)
    (text,) = [
        variable["value"]
        for one in manifests
        if (one["kind"], one["metadata"]["name"]) == ("Job", "venture-migrate")
        for variable in one["spec"]["template"]["spec"]["containers"][0]["env"]
        if variable["name"] == "VENTURE_LOGINS"
    ]
    made = {program: tuple(each["roles"]) for program, each in json.loads(text).items()}
    assert made == {name: LOGINS[name] for name in LOGINS.keys() - WITHOUT_PROGRAM}


@asynccontextmanager
async def logging_in(
    postgres: PostgresServer, superuser: asyncpg.Connection, login: str
) -> AsyncIterator[SecretStr]:
    """Make a login as the chart does; yield its URL."""
    name = f"{login.replace('-', '_')}_{uuid7().hex}"
    await superuser.execute(f"CREATE ROLE {name} LOGIN; GRANT {', '.join(LOGINS[login])} TO {name}")
    database = await superuser.fetchval("SELECT current_database()")
    try:
        yield postgres.url(database, user=name)
    finally:
        await superuser.execute(f"DROP ROLE {name}")


@pytest.mark.parametrize("login", LOGINS)
async def test_a_login_can_do_what_the_table_says_and_no_more(
    postgres: PostgresServer, superuser: asyncpg.Connection, login: str
) -> None:
    async with logging_in(postgres, superuser, login) as url:
        connection = await asyncpg.connect(url.get_secret_value())
        # As psql logs in, with all rights at once, and as each role that it may take on.
        roles = await connection.fetch(
            "SELECT rolname FROM pg_roles WHERE rolname <> session_user "
            "AND pg_has_role(session_user, oid, 'MEMBER')"
        )
        parts = ("none", *(each["rolname"] for each in roles))
        for right, (statements, holders) in RIGHTS.items():
            for statement in (statements,) if isinstance(statements, str) else statements:
                may = [part for part in parts if await _may(connection, statement, role=part)]
                assert bool(may) == (login in holders), f"{login}: {right}: {statement}: {may}"
        await connection.close()


async def test_the_treasurys_login_records_what_it_decides(
    postgres: PostgresServer, superuser: asyncpg.Connection
) -> None:
    """Though it may append nothing by itself."""
    async with logging_in(postgres, superuser, "treasury-api") as url:
        async with Ledger(url, name="test") as ledger:
            assert code_of(await Scene(ledger).fund()) == OK
        assignments = Assignments(url, service=Service.TREASURY_API, name="test")
        with pytest.raises(NotAssignedError):
            await assignments.of_job("nobody")
        await assignments.close()
    assert await superuser.fetchval("SELECT count(*) FROM record.events") == 1


async def test_the_recoverys_login_records_what_was_found_and_nothing_else(
    postgres: PostgresServer, superuser: asyncpg.Connection
) -> None:
    async with logging_in(postgres, superuser, "recovery") as url:
        connection = await connect(url, Role.RECOVERY, name="test")
        await superuser.execute(
            "INSERT INTO record.phantoms (log_index, stream_sequence, event_id, workflow_id, "
            "event_hash) VALUES (0, 1, gen_random_uuid(), gen_random_uuid(), sha256(''))"
        )
        damage = await find_damage(connection)
        now = datetime.now(UTC)
        await recover(connection, damage, who="ann", reason="the backup of noon", now=now)
        with pytest.raises(asyncpg.RaiseError, match="still to be named"):
            await recover(connection, damage, who="ann", reason="once more", now=now)
        await connection.close()
    said = await superuser.fetch("SELECT canonical FROM record.events")
    assert [json.loads(each["canonical"])["event_type"] for each in said] == [
        "control.record.phantoms.v1"
    ]


async def _may(connection: asyncpg.Connection, statement: str, *, role: str) -> bool:
    """Tell whether a statement is let through; what it says then is no matter of rights."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"SET LOCAL ROLE {role}")
        if isinstance(statement, Service):
            await _append(connection, statement)
        else:
            await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    except asyncpg.PostgresError as error:
        return error.sqlstate != "VE004"
    else:
        return True
    finally:
        await transaction.rollback()


async def _append(connection: asyncpg.Connection, service: Service) -> None:
    """Append an event of a service's: what is in its payload is no matter of the database."""
    event_type = next(each for each in REGISTRY if each.owner is service)
    like = json.loads(started(uuid7(), 1).canonical_bytes())
    event = like | {"source_service": service.value, "event_type": event_type.name}
    await connection.execute(
        "SELECT record.venture_append_events($1, $2, $3)",
        [event["event_id"]],
        [event["workflow_id"]],
        [canonical_json(event)],
    )
