"""What the append function refuses: foreign, misnamed, misdated, malformed, repeated otherwise."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid7

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordevents import started
from venture_core.canonical import canonical_json
from venture_core.events.envelope import Service
from venture_core.events.types import REGISTRY
from venture_core.record.append import (
    AppendRefusedError,
    Canonical,
    Fence,
    OtherContentError,
    append_call,
    append_in_transaction,
    begin_epoch,
)
from venture_core.record.database import Role, connect, service_role
from venture_core.record.producer import EventProducer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic import SecretStr
    from recordservers import PostgresServer

WORKFLOW = UUID(int=7)
INSERT = "SELECT * FROM record.venture_append_events($1, $2, $3)"


@pytest.fixture
async def producer(database: SecretStr) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database, Role.PRODUCER, name="test")
    yield connection
    await connection.close()


async def login(
    postgres: PostgresServer, superuser: asyncpg.Connection, *roles: str, role: Role = Role.PRODUCER
) -> asyncpg.Connection:
    """Log in as somebody who is a member of these roles only."""
    name = f"login_{secrets.token_hex(4)}"
    database = await superuser.fetchval("SELECT current_database()")
    await superuser.execute(f"CREATE ROLE {name} LOGIN; GRANT {', '.join(roles)} TO {name}")
    return await connect(postgres.url(database, user=name), role, name="test")


def said(**changed: object) -> dict[str, Any]:
    """Return what a good event says, with changes; None takes a member away."""
    event = json.loads(started(WORKFLOW, 1).canonical_bytes())
    return event | changed


async def append(connection: asyncpg.Connection, event_id: object, data: bytes) -> None:
    await connection.fetch(INSERT, [event_id], [WORKFLOW], [data])


async def refusal(connection: asyncpg.Connection, event_id: object, data: bytes) -> str:
    """Return the SQLSTATE of the refusal of these bytes."""
    with pytest.raises(asyncpg.PostgresError) as caught:
        await append(connection, event_id, data)
    return caught.value.sqlstate or ""


@pytest.mark.parametrize(
    "changed",
    [
        {"event_id": str(UUID(int=1))},
        {"workflow_id": str(UUID(int=1))},
        {"trace_id": "0"},
        {"task_id": "none"},
        {"policy_bundle_id": ""},
        {"payload": []},
        {"payload": None},
        {"created_at": "now"},
        {"created_at": 1},
        {"created_at": "2026-11-26"},
        {"added": 1},
        {"pz": 1},
    ],
    ids=str,
)
async def test_an_event_that_is_not_the_one_its_columns_name_is_refused(
    producer: asyncpg.Connection, superuser: asyncpg.Connection, changed: dict[str, object]
) -> None:
    event = said()
    code = await refusal(producer, event["event_id"], canonical_json(event | changed))
    assert code.startswith(("VE003", "22"))
    assert await superuser.fetchval("SELECT count(*) FROM record.events") == 0


@pytest.mark.parametrize("name", sorted(said()))
async def test_an_event_without_one_of_its_members_is_refused(
    producer: asyncpg.Connection, name: str
) -> None:
    event = said()
    rest = {key: value for key, value in event.items() if key != name}
    assert (await refusal(producer, event["event_id"], canonical_json(rest)))[:2] in {"VE", "22"}


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{}", b"{}{}", b"[" * 60_000, b"\x00"],
    ids=lambda data: repr(data[:8]),
)
async def test_what_is_no_event_is_refused(producer: asyncpg.Connection, data: bytes) -> None:
    assert (await refusal(producer, uuid7(), data))[:2] in {"VE", "22"}


@pytest.mark.parametrize(
    ("payload", "accepted"),
    [
        ('{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}', True),
        (r'{"a":"\"a\":1,\"a\":1","b":"\\u0022"}', True),
        (r'{"a":"' + "\\u001b[31m" + '"}', True),
        ('{"a":1,"a":1}', False),
        ('{"a":1,"a":2}', False),
        ('{"b":{"c":[1,{"a":1,"a":1}]}}', False),
        (r'{"a":1,"\u0061":1}', False),
        (r'{"a":1,"a":"\u0022\u0022"}', False),
        (r'{"a":1,"a":"\\\u0022\u0022"}', False),
        ('{"a":1}},"x":{"y":1}', False),
        ('{"a":"\\u0000"}', False),
        ('{"a":"\\ud800"}', False),
        ("{'a':1}", False),
        ('{"a":01}', False),
        ('{"a":NaN}', False),
        ('{"a":\n1}', False),
        ('{"a":1\r}', False),
        ('{\t"a":1}', False),
        ('{"policy_bundle_id":null}', True),
        # Where the payload ends is found by the name of the next member: no payload says it.
        ('{"a":1,"policy_bundle_id":null}', False),
    ],
)
async def test_payloads_are_objects_that_name_nothing_twice(
    producer: asyncpg.Connection, payload: str, *, accepted: bool
) -> None:
    event = said(payload={"here": "comes"})
    data = canonical_json(event).replace(b'{"here":"comes"}', payload.encode())
    if accepted:
        await append(producer, event["event_id"], data)
    else:
        assert (await refusal(producer, event["event_id"], data))[:2] in {"VE", "22"}


@pytest.mark.parametrize("between", [b" ", b"\n", b"\v"], ids=repr)
async def test_a_date_is_spelled_in_digits(producer: asyncpg.Connection, between: bytes) -> None:
    """Postgres reads more: a line break within a date is one in the log's bundles."""
    event = said()
    data = canonical_json(event).replace(b'Z","event_id"', between + b'Z","event_id"')
    assert await refusal(producer, event["event_id"], data) == "VE003"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("a", "b", '"', "\\", "u0022", " ")), inner, max_size=4)
    ),
    max_leaves=12,
)


def _doubled(value: object, parts: list[str], pick: int) -> int:
    """Write a value as JSON; the object that is picked names its first member twice."""
    if isinstance(value, dict):
        members = []
        for key, item in value.items():
            inner: list[str] = []
            pick = _doubled(item, inner, pick)
            members.append(f"{json.dumps(key, ensure_ascii=False)}:{''.join(inner)}")
        if members:
            members += members[:1] if pick == 0 else []
            pick -= 1
        parts.append("{" + ",".join(members) + "}")
    elif isinstance(value, list):
        inner = []
        for item in value:
            inner.append("," if inner else "")
            pick = _doubled(item, inner, pick)
        parts.append(f"[{''.join(inner)}]")
    else:
        parts.append(json.dumps(value, ensure_ascii=False))
    return pick


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=VALUES, pick=st.integers(-1, 3))
async def test_a_doubled_name_is_found_wherever_it_is(
    superuser: asyncpg.Connection, value: object, pick: int
) -> None:
    parts: list[str] = []
    doubled = pick >= 0 and _doubled({"payload": value}, parts, pick) < 0
    text = "".join(parts)
    if pick < 0:
        _doubled({"payload": value}, parts, -1)
        text = "".join(parts)
    if "\\u0000" in text:
        return
    found = await superuser.fetchval(
        "SELECT record.is_object_of_unique_keys($1, record.reread($1))", text
    )
    assert found is not doubled


@pytest.mark.parametrize("number", [b"1e131000", b"-1.5E+131000", b"1e-16000"], ids=repr)
async def test_no_number_is_written_out_with_all_its_digits(
    producer: asyncpg.Connection, superuser: asyncpg.Connection, number: bytes
) -> None:
    """Before Postgres 16 that took gigabytes; later ones do not read numbers."""
    event = said(payload={"digest": "sha256:1e4005", "said": ',"x":1e5 \\" 2e7', "odd": "odd"})
    data = canonical_json(event)
    odd = data.replace(b'"odd":"odd"', b'"odd":' + number)
    if superuser.get_server_version().major < 16:
        assert await refusal(producer, event["event_id"], odd) == "VE003"
    await append(producer, event["event_id"], data)


async def test_an_event_of_more_than_64_kib_is_refused(producer: asyncpg.Connection) -> None:
    event = said(payload={"text": "x" * 65_536})
    assert await refusal(producer, event["event_id"], canonical_json(event)) == "VE003"


async def test_a_login_appends_for_its_own_service_and_no_other(
    postgres: PostgresServer, superuser: asyncpg.Connection
) -> None:
    operator = await login(postgres, superuser, service_role(Service.ORCHESTRATOR))
    treasury = await login(postgres, superuser, service_role(Service.TREASURY_API))
    nobody = await login(postgres, superuser, Role.PRODUCER)
    event = started(WORKFLOW, 1)
    for other in (treasury, nobody):
        assert await refusal(other, event.event_id, event.canonical_bytes()) == "VE004"
    # Its own name on the other's event does not help either.
    dressed = said(source_service=Service.TREASURY_API.value)
    assert await refusal(treasury, dressed["event_id"], canonical_json(dressed)) == "VE004"
    unknown = said(event_type="artifact.build.invented.v1")
    assert await refusal(operator, unknown["event_id"], canonical_json(unknown)) == "VE004"
    await append(operator, event.event_id, event.canonical_bytes())
    for connection in (operator, treasury, nobody):
        await connection.close()


async def test_a_superuser_is_a_member_of_every_service_and_the_owner_of_none(
    postgres: PostgresServer, superuser: asyncpg.Connection
) -> None:
    event = started(WORKFLOW, 1)
    owner = await login(postgres, superuser, "venture_owner", "venture_producer")
    assert await refusal(owner, event.event_id, event.canonical_bytes()) == "VE004"
    await append(superuser, event.event_id, event.canonical_bytes())
    await owner.close()


async def test_the_database_knows_the_types_of_the_registry(superuser: asyncpg.Connection) -> None:
    rows = await superuser.fetch("SELECT event_type, service FROM record.event_types")
    known = {(row["event_type"], row["service"]) for row in rows}
    assert known == {(each.name, each.owner.value) for each in REGISTRY}


@pytest.mark.parametrize(
    ("ahead", "accepted"),
    [
        (timedelta(seconds=290), True),
        (timedelta(seconds=310), False),
        (timedelta(days=400), False),
        (-timedelta(hours=23), True),
        (-timedelta(hours=25), False),
        (-timedelta(days=4000), False),
    ],
)
async def test_an_event_is_dated_about_now(
    producer: asyncpg.Connection, ahead: timedelta, *, accepted: bool
) -> None:
    moment = (datetime.now(UTC) + ahead).isoformat().replace("+00:00", "Z")
    event = said(created_at=moment)
    if accepted:
        await append(producer, event["event_id"], canonical_json(event))
    else:
        assert await refusal(producer, event["event_id"], canonical_json(event)) == "VE005"


async def test_what_was_recorded_may_be_repeated_at_any_time(
    producer: asyncpg.Connection,
) -> None:
    event = said()
    await append(producer, event["event_id"], canonical_json(event))
    old = event | {"created_at": "2020-01-01T00:00:00Z"}
    await append(producer, event["event_id"], canonical_json(old))


async def test_an_id_that_comes_again_with_other_content_is_an_error(database: SecretStr) -> None:
    first, other = started(WORKFLOW, 1), started(WORKFLOW, 2)
    async with EventProducer(database, name="test") as producer:
        assert (await producer.append(first)).is_new
        assert not (await producer.append(first)).is_new
        with pytest.raises(OtherContentError, match="other content"):
            await producer.append(other.model_copy(update={"event_id": first.event_id}))
        # A squatter of a predictable id keeps the real event out, and not in silence.
        with pytest.raises(OtherContentError, match="other content"):
            await producer.append(started(uuid7(), 1, event_id=first.event_id))


async def test_an_id_twice_in_one_call_with_other_content_is_an_error(
    producer: asyncpg.Connection, superuser: asyncpg.Connection
) -> None:
    first = started(WORKFLOW, 1)
    other = started(WORKFLOW, 2, event_id=first.event_id)
    with pytest.raises(OtherContentError):
        async with producer.transaction():
            await append_in_transaction(producer, [first, other])
    assert await superuser.fetchval("SELECT count(*) FROM record.events") == 0


async def test_an_archived_event_is_compared_by_its_digest(
    producer: asyncpg.Connection, superuser: asyncpg.Connection
) -> None:
    event, other = started(WORKFLOW, 1), started(WORKFLOW, 2)
    data = event.canonical_bytes()
    await append(producer, event.event_id, data)
    await superuser.execute(
        "INSERT INTO record.archived_digests "
        "SELECT event_id, record.content_digest(canonical) FROM record.events"
    )
    await superuser.execute("SET session_replication_role = replica; DELETE FROM record.events")
    [again] = (
        await append_call(producer, [Canonical(event.event_id, WORKFLOW, data)], None)
    ).values()
    assert (again.is_new, again.seq, again.this_event_hash) == (False, 1, None)
    forged = other.model_copy(update={"event_id": event.event_id}).canonical_bytes()
    assert await refusal(producer, event.event_id, forged) == "VE002"


async def test_epochs_go_on_by_little_and_for_their_own_service_only(
    postgres: PostgresServer, superuser: asyncpg.Connection
) -> None:
    operator = await login(postgres, superuser, service_role(Service.ORCHESTRATOR))
    treasury = await login(postgres, superuser, service_role(Service.TREASURY_API))
    writer = "venture-orchestrator/lease"
    await begin_epoch(operator, Fence(writer, 5))
    with pytest.raises(AppendRefusedError, match="go on by at most"):
        await begin_epoch(operator, Fence(writer, 2**63 - 1))
    for name in (writer, "venture-orchestrator/other", "lease"):
        with pytest.raises(AppendRefusedError, match="is not the login"):
            await begin_epoch(treasury, Fence(name, 6))
    with pytest.raises(AppendRefusedError, match="may not append"):
        async with treasury.transaction():
            await append_in_transaction(treasury, [started(WORKFLOW, 1)], fence=Fence(writer, 5))
    await begin_epoch(operator, Fence(writer, 6))
    await operator.close()
    await treasury.close()


@pytest.mark.parametrize("role", [Role.SEQUENCER, Role.RELAY, Role.PROJECTOR])
async def test_a_role_takes_its_own_leases_only(database: SecretStr, role: Role) -> None:
    take = (
        "INSERT INTO record.leaders AS held VALUES ($1, 1, 'me', now()) "
        "ON CONFLICT (role) DO UPDATE SET epoch = held.epoch + 1"
    )
    connection = await connect(database, role, name="test")
    own = role.value.removeprefix("venture_")
    for lease in (own, f"{own}/part"):
        await connection.execute(take, lease)
    for foreign in {"sequencer", "relay", "projector", f"{own}x"} - {own}:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(take, foreign)
        assert (
            await connection.execute(
                "UPDATE record.leaders SET expires_at = 'infinity' WHERE role = $1", foreign
            )
            == "UPDATE 0"
        )
    await connection.close()
