"""What a superuser changed in a record is caught by the command line, and named."""

import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from clirecord import KEY, SIZE, Record, as_superuser, offline, one_byte
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from recordevents import started
from recordlog import ORIGIN
from venture_cli.errors import ExitCode
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.notes import NoteSigner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    import asyncpg
    from venturecommand import Venture


async def chain_of(superuser: asyncpg.Connection, workflow: UUID) -> list[bytes]:
    rows = await superuser.fetch(
        "SELECT canonical FROM record.events WHERE workflow_id = $1 ORDER BY seq", workflow
    )
    return [row["canonical"] for row in rows]


async def rewrite(
    superuser: asyncpg.Connection, workflow: UUID, canonicals: Sequence[bytes]
) -> None:
    """Put these events in the place of the workflow's, hashes, head and all made to fit."""
    head = ChainHead()
    for canonical in canonicals:
        before, head = head, head.append(canonical)
        await as_superuser(
            superuser,
            "INSERT INTO record.events (seq, appended_at, workflow_id, event_id, prev_event_hash, "
            "  this_event_hash, canonical) "
            "SELECT $2, coalesce((SELECT appended_at FROM record.events "
            "  WHERE workflow_id = $1 AND seq = $2), clock_timestamp()), $1, $3, $4, $5, $6 "
            "ON CONFLICT (workflow_id, seq, appended_at) DO UPDATE SET "
            "  event_id = excluded.event_id, prev_event_hash = excluded.prev_event_hash, "
            "  this_event_hash = excluded.this_event_hash, canonical = excluded.canonical",
            workflow,
            head.seq,
            UUID(json.loads(canonical)["event_id"]),
            before.hash,
            head.hash,
            canonical,
        )
    await as_superuser(
        superuser,
        "UPDATE record.chain_heads SET seq = $2, event_hash = $3 WHERE workflow_id = $1",
        workflow,
        head.seq,
        head.hash,
    )


async def deleted_row(superuser: asyncpg.Connection, record: Record) -> None:
    await as_superuser(
        superuser, "DELETE FROM record.events WHERE event_id = $1", record.events[10]
    )


async def deleted_everywhere(superuser: asyncpg.Connection, record: Record) -> None:
    """Delete an event, its place, and everything else that knows of it."""
    await deleted_row(superuser, record)
    await as_superuser(superuser, "DELETE FROM record.log_index WHERE log_index = 10")
    await as_superuser(
        superuser, "DELETE FROM record.event_ids WHERE event_id = $1", record.events[10]
    )


async def swapped_rows(superuser: asyncpg.Connection, record: Record) -> None:
    """Exchange what two rows of one workflow say."""
    workflow, seq = record.place(10)
    await as_superuser(
        superuser,
        "UPDATE record.events e SET canonical = o.canonical, event_id = o.event_id "
        "FROM record.events o WHERE e.workflow_id = $1 AND o.workflow_id = $1 "
        "AND (e.seq, o.seq) IN (($2, $3), ($3, $2))",
        workflow,
        seq,
        seq + 3,
    )


async def inserted_row(superuser: asyncpg.Connection, record: Record) -> None:
    """Insert an event into a chain, and recompute all of the chain after it."""
    workflow, seq = record.place(10)
    canonicals = await chain_of(superuser, workflow)
    new = started(workflow, 77, event_id=record_intruder(record)).canonical_bytes()
    await rewrite(superuser, workflow, [*canonicals[: seq - 1], new, *canonicals[seq - 1 :]])


def record_intruder(record: Record) -> UUID:
    return UUID(int=record.events[10].int ^ 1)


async def appended_row(superuser: asyncpg.Connection, record: Record) -> None:
    """Put an event at the end of a chain, which the log never saw."""
    workflow, _ = record.place(10)
    new = started(workflow, 77, event_id=record_intruder(record)).canonical_bytes()
    await rewrite(superuser, workflow, [*await chain_of(superuser, workflow), new])


async def rewritten_chain(superuser: asyncpg.Connection, record: Record) -> None:
    """Rewrite a chain from the event at log index 10 on."""
    workflow, seq = record.place(10)
    canonicals = await chain_of(superuser, workflow)
    forged = [each.replace(b"board-deck", b"fraud-deck") for each in canonicals[seq - 1 :]]
    await rewrite(superuser, workflow, [*canonicals[: seq - 1], *forged])


async def rewritten_log(superuser: asyncpg.Connection, record: Record) -> None:
    """Rewrite a chain, and the hashes that the log holds with it."""
    await rewritten_chain(superuser, record)
    await as_superuser(
        superuser,
        "UPDATE record.log_index l SET event_hash = e.this_event_hash FROM record.events e "
        "WHERE e.workflow_id = l.workflow_id AND e.seq = l.seq AND l.event_hash <> "
        "e.this_event_hash",
    )


async def forged_checkpoint(superuser: asyncpg.Connection, record: Record) -> None:
    """Sign the last checkpoint anew, in the log's name, with a key of the thief's."""
    assert record
    thief = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())
    row = await superuser.fetchrow(
        "SELECT size, root FROM record.checkpoints WHERE size = $1", SIZE
    )
    assert row is not None
    note = sign_checkpoint(Checkpoint(ORIGIN, row["size"], row["root"]), [thief])
    await as_superuser(
        superuser,
        "UPDATE record.checkpoints SET note = $2 WHERE size = $1",
        SIZE,
        note.decode(),
    )


class TestTampering:
    @pytest.mark.parametrize(
        ("tamper", "kind", "log_index"),
        [
            (one_byte, "content-changed", 10),
            (deleted_row, "missing", 10),
            (deleted_everywhere, "missing", 10),
            (swapped_rows, "swapped", 10),
            (inserted_row, "inserted", 10),
            (rewritten_chain, "rewritten", 10),
            (rewritten_log, "rewritten", None),
            (forged_checkpoint, "forged-checkpoint", None),
        ],
        ids=lambda value: getattr(value, "__name__", None),
    )
    async def test_what_a_superuser_changed_is_caught_and_named(
        self,
        record: Record,
        venture: Venture,
        superuser: asyncpg.Connection,
        tmp_path: Path,
        tamper: Callable[[asyncpg.Connection, Record], Awaitable[None]],
        kind: str,
        log_index: int | None,
    ) -> None:
        await tamper(superuser, record)
        await venture("audit", "export", "-o", "bundle.tar")
        verified = await offline(tmp_path)(
            "audit", "verify", "bundle.tar", "--key", KEY, "-o", "json"
        )
        assert verified.code == ExitCode.VERIFICATION_FAILED, verified.err
        finding = json.loads(verified.text)["finding"]
        assert finding["kind"] == kind, finding
        if log_index is not None:
            assert finding["logIndex"] == log_index
        if tamper is forged_checkpoint:
            assert finding["checkpointSize"] == SIZE
        if tamper is rewritten_log:
            assert finding["logIndex"] <= 10 <= finding.get("lastLogIndex", finding["logIndex"])
        if tamper is inserted_row:
            assert finding["eventId"] == str(record_intruder(record))

    async def test_an_event_that_the_log_never_saw_is_named_by_the_export(
        self, record: Record, venture: Venture, superuser: asyncpg.Connection, tmp_path: Path
    ) -> None:
        await appended_row(superuser, record)
        exported = await venture("audit", "export", "-o", "bundle")
        assert exported.code == ExitCode.VERIFICATION_FAILED
        assert str(record_intruder(record)) in exported.err
        # The log itself is as it was, and so is the bundle.
        verified = await offline(tmp_path)("audit", "verify", "bundle", "--key", KEY)
        assert verified.code == ExitCode.OK

    async def test_an_event_under_anothers_name_is_named_by_the_export(
        self, record: Record, venture: Venture, superuser: asyncpg.Connection
    ) -> None:
        await as_superuser(
            superuser,
            "UPDATE record.events SET event_id = $2 WHERE event_id = $1",
            record.events[10],
            record_intruder(record),
        )
        exported = await venture("audit", "export", "-o", "bundle")
        assert exported.code == ExitCode.VERIFICATION_FAILED
        assert f"log index 10: the column event_id is {record_intruder(record)}" in exported.err

    async def test_a_truncated_bundle_is_named(
        self, record: Record, venture: Venture, tmp_path: Path
    ) -> None:
        assert record
        assert (await venture("audit", "export", "-o", "bundle.tar")).code == ExitCode.OK
        whole = (tmp_path / "bundle.tar").read_bytes()
        (tmp_path / "bundle.tar").write_bytes(whole[: len(whole) * 3 // 4])
        verified = await offline(tmp_path)(
            "audit", "verify", "bundle.tar", "--key", KEY, "-o", "json"
        )
        assert verified.code == ExitCode.VERIFICATION_FAILED
        assert json.loads(verified.text)["finding"]["kind"] == "truncated"

    async def test_a_log_that_was_cut_back_is_named_by_a_checkpoint_kept_from_before(
        self, record: Record, venture: Venture, tmp_path: Path, superuser: asyncpg.Connection
    ) -> None:
        assert record
        sizes = await superuser.fetch("SELECT size, note FROM record.checkpoints ORDER BY size")
        (tmp_path / "kept.note").write_text(sizes[-1]["note"])
        assert len(sizes) > 1, "the fixture's log is signed more than once"
        earlier = sizes[-2]["size"]
        for statement in (
            "DELETE FROM record.events e USING record.log_index l WHERE l.log_index >= $1 "
            "AND e.workflow_id = l.workflow_id AND e.seq = l.seq",
            "DELETE FROM record.log_index WHERE log_index >= $1",
            "DELETE FROM record.checkpoints WHERE size > $1",
        ):
            await as_superuser(superuser, statement, earlier)
        assert (await venture("audit", "export", "-o", "bundle")).code == ExitCode.OK
        verify = ("audit", "verify", "bundle", "--key", KEY, "-o", "json")
        assert (await offline(tmp_path)(*verify)).code == ExitCode.OK
        compared = await offline(tmp_path)(*verify, "--checkpoint", "kept.note")
        assert compared.code == ExitCode.VERIFICATION_FAILED
        assert json.loads(compared.text)["finding"]["kind"] == "truncated"
