"""The append function and the one of the migration before it refuse and store the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid7

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordevents import started
from soaking import examples
from venture_core.canonical import canonical_json
from venture_core.record.append import Canonical

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from recordservers import PostgresServer

BEFORE = "2026_11_27_25"
APPEND = "SELECT * FROM record.venture_append_events($1, $2, $3) ORDER BY event_id"
STORED = (
    "SELECT workflow_id, seq, event_id, prev_event_hash, this_event_hash, canonical "
    "FROM record.events ORDER BY workflow_id, seq"
)
QUEUED = "SELECT workflow_ids, seqs, event_hashes FROM record.unsequenced ORDER BY append_id"
HEADS = "SELECT * FROM record.chain_heads ORDER BY workflow_id"

WORKFLOWS = tuple(UUID(int=number) for number in (3, 1, 2))


@dataclass(frozen=True)
class Both:
    """The same database, before the last change of the function and after it."""

    before: asyncpg.Connection
    after: asyncpg.Connection

    async def agree(self, events: Sequence[Canonical]) -> None:
        """Append to both, and compare their answers and what they hold then."""
        assert await answer(self.before, events) == await answer(self.after, events)
        for query in (STORED, QUEUED, HEADS):
            assert await self.before.fetch(query) == await self.after.fetch(query)


async def answer(connection: asyncpg.Connection, events: Sequence[Canonical]) -> object:
    """Return the rows, or the SQLSTATE of the refusal."""
    columns = [list(column) for column in zip(*events, strict=True)]
    try:
        return await connection.fetch(APPEND, *columns)
    except asyncpg.PostgresError as error:
        return error.sqlstate


@pytest.fixture
async def both(postgres: PostgresServer) -> AsyncIterator[Both]:
    urls = [await postgres.create_database(revision) for revision in (BEFORE, "head")]
    connections = [await asyncpg.connect(url.get_secret_value()) for url in urls]
    yield Both(*connections)
    for connection, url in zip(connections, urls, strict=True):
        await connection.close()
        await postgres.drop_database(url)


def good(workflow: UUID = WORKFLOWS[0], number: int = 1, *, event_id: UUID | None = None) -> bytes:
    """Return the bytes of a good event."""
    return started(workflow, number, event_id=event_id).canonical_bytes()


def with_member(name: str, value: object) -> Callable[[bytes], bytes]:
    """Change a member, or take it away."""

    def change(data: bytes) -> bytes:
        event: dict[str, Any] = json.loads(data)
        if value is None and name not in {"task_id", "policy_bundle_id"}:
            del event[name]
        else:
            event[name] = value
        return canonical_json(event)

    return change


def replacing(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Change bytes wherever they are."""
    return lambda data: data.replace(old, new)


NOW = datetime.now(UTC)
CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda data: data,
    "task": with_member("task_id", str(UUID(int=9))),
    "bundle": with_member("policy_bundle_id", str(UUID(int=8))),
    "old": with_member("created_at", (NOW - timedelta(days=2)).isoformat()[:-6] + "Z"),
    "early": with_member("created_at", (NOW + timedelta(hours=1)).isoformat()[:-6] + "Z"),
    "no date": with_member("created_at", "2026-13-45T99:00:00Z"),
    "a second": with_member("created_at", f"{NOW:%Y-%m-%dT%H:%M:%S}Z"),
    "its fraction": with_member("created_at", f"{NOW:%Y-%m-%dT%H:%M:%S}.123456Z"),
    "no fraction of it": with_member("created_at", f"{NOW:%Y-%m-%dT%H:%M:%S}Z123456Z"),
    "longer fraction": with_member("created_at", f"{NOW:%Y-%m-%dT%H:%M:%S}.12345678Z"),
    "no digits": with_member("created_at", f"{NOW:%Y-%m-%dT%H:%M:%S}.12-456Z"),
    "hour 24": with_member("created_at", f"{NOW - timedelta(days=1):%Y-%m-%d}T24:00:00.000000Z"),
    "past hour 24": with_member("created_at", f"{NOW - timedelta(days=1):%Y-%m-%d}T24:00:00.5Z"),
    "second 60": with_member("created_at", f"{NOW:%Y-%m-%dT%H:%M}:60.000000Z"),
    "broken line": replacing(b'{"attempt":', b'{\n"attempt":'),
    "tab": replacing(b'{"attempt":', b'{\t"attempt":'),
    "spaced date": with_member("created_at", NOW.isoformat(" ")[:-6] + "Z"),
    "no service": with_member("source_service", None),
    "other service": with_member("source_service", "treasury-api"),
    "unknown service": with_member("source_service", "nobody"),
    "other type": with_member("event_type", "artifact.build.failed.v1"),
    "unknown type": with_member("event_type", "artifact.build.invented.v1"),
    "no type": with_member("event_type", None),
    "empty task": replacing(b'"task_id":null', b'"task_id":""'),
    "word as task": with_member("task_id", "none"),
    "loud task": with_member("task_id", str(UUID(int=0xABC)).upper()),
    "loud trace": with_member("trace_id", str(UUID(int=0xABC)).upper()),
    "no trace": with_member("trace_id", None),
    "short trace": with_member("trace_id", "1"),
    "other workflow": with_member("workflow_id", str(UUID(int=77))),
    "other id": with_member("event_id", str(UUID(int=78))),
    "more": with_member("zz", 1),
    "more before": with_member("aa", 1),
    "no payload": with_member("payload", None),
    "list": with_member("payload", []),
    "empty": with_member("payload", {}),
    "large": with_member("payload", {"a": "x" * 65_536}),
    "deep": with_member("payload", {"a": {"b": [{"c": {}}, {"c": {}}]}}),
    "doubled": replacing(b'{"attempt":', b'{"attempt":1,"attempt":'),
    "doubled below": replacing(b'{"attempt":', b'{"a":{"b":1,"b":1},"attempt":'),
    "doubled name of the next": replacing(
        b'{"attempt":', b'{"a":1,"policy_bundle_id":1,"attempt":'
    ),
    "escaped": replacing(b'{"attempt":', rb'{"a":"\"\u0022\"","attempt":'),
    "two objects": replacing(b'{"attempt":', b'{"a":1},"x":{"attempt":'),
    "no number": replacing(b'"attempt":', b'"attempt":0'),
    "space": replacing(b'"payload":', b'"payload": '),
    "cut": lambda data: data[:-1],
    "cut in half": lambda data: data[: len(data) // 2],
    "nothing": lambda _: b"",
    "no text": replacing(b"board", b"bo\xffrd"),
    "more behind": lambda data: data + b"\n",
    "zero": replacing(b"board", b"bo\x00rd"),
}


async def test_one_event_is_judged_the_same(both: Both) -> None:
    for change in CHANGES.values():
        first, changed, last = uuid7(), uuid7(), uuid7()
        event = Canonical(changed, WORKFLOWS[0], change(good(event_id=changed)))
        await both.agree([event])
        # And among others, which it is compared with.
        await both.agree(
            [
                Canonical(first, WORKFLOWS[0], CHANGES["its fraction"](good(event_id=first))),
                event,
                Canonical(last, WORKFLOWS[1], good(WORKFLOWS[1], event_id=last)),
            ]
        )


CALLS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(WORKFLOWS),
        st.integers(1, 2),
        st.sampled_from(("none",) * 20 + tuple(CHANGES)),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=examples(80),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(calls=st.lists(CALLS, min_size=1, max_size=3))
async def test_calls_are_judged_and_stored_the_same(
    both: Both, calls: list[list[tuple[int, UUID, int, str]]]
) -> None:
    ids = [uuid7() for _ in range(6)]
    for call in calls:
        await both.agree(
            [
                Canonical(
                    ids[which], workflow, CHANGES[name](good(workflow, number, event_id=ids[which]))
                )
                for which, workflow, number, name in call
            ]
        )
