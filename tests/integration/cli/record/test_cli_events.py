"""The command line on a real record: following it, and proving it."""

import json
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid7

import pytest
from clirecord import KEY, SIZE, WORKFLOWS, Record, offline, one_byte
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from recordevents import started
from recordlog import ORIGIN, sequencing
from surroundings import free_port
from venture_cli.errors import ExitCode
from venture_core.events.notes import NoteSigner
from venture_core.record.producer import EventProducer
from venturecommand import Ended, Venture, finish

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr


def lines(ended: Ended) -> list[dict[str, Any]]:
    assert ended.code == ExitCode.OK, ended.err
    return [json.loads(line) for line in ended.text.splitlines()]


class TestEvents:
    async def test_a_workflow_is_told_from_its_first_event(
        self, record: Record, venture: Venture
    ) -> None:
        told = lines(
            await venture(
                *("events", "tail", "--workflow", str(record.workflows[1]), "--no-follow"),
                *("-o", "json"),
            )
        )
        assert [each["logIndex"] for each in told] == list(range(1, SIZE, WORKFLOWS))
        assert {each["event"]["workflow_id"] for each in told} == {str(record.workflows[1])}
        assert [each["event"]["seq"] for each in told] == list(range(1, SIZE // WORKFLOWS + 1))

    async def test_type_and_time_narrow_it(self, record: Record, venture: Venture) -> None:
        everything = ("events", "tail", "--since", "1h", "--no-follow", "-o", "name")
        every = await venture(*everything)
        assert every.text.split() == [str(each) for each in record.events]
        none = await venture(*everything, "--type", "artifact.build.failed.*")
        assert (none.code, none.text) == (ExitCode.OK, "")
        some = await venture(*everything, "--type", "*.started.v1")
        assert len(some.text.split()) == SIZE
        shown = await venture("events", "tail", "--since", "1h", "--no-follow")
        header, *told = shown.text.splitlines()
        assert header.split() == ["LOG-INDEX", "TIME", "TYPE", "WORKFLOW/SEQ", "ABOUT"]
        # Each column begins where its name does, whatever the widths of what is in it.
        for name, at in (("TIME", 1), ("TYPE", 2), ("WORKFLOW/SEQ", 3), ("ABOUT", 4)):
            assert {line.index(line.split()[at], header.index(name)) for line in told} == {
                header.index(name)
            }
        later = await venture(
            *("events", "tail", "--no-follow", "--since", datetime.now(UTC).isoformat())
        )
        assert (later.code, later.text) == (ExitCode.OK, "")

    async def test_it_goes_on_after_a_lost_connection_until_ctrl_c(
        self,
        record: Record,
        venture: Venture,
        database: SecretStr,
        superuser: asyncpg.Connection,
    ) -> None:
        process = await venture.start("events", "tail", "--since", "1h", "-o", "json")
        assert process.stdout is not None
        told = [await process.stdout.readline() for _ in range(SIZE)]
        async with sequencing(database), EventProducer(database, name="test") as producer:
            await producer.append(started(record.workflows[0], 98))
            told.append(await process.stdout.readline())
            ended = await superuser.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'venture-cli' AND datname = current_database()"
            )
            assert ended == 1
            await producer.append(started(record.workflows[0], 99))
            told.append(await process.stdout.readline())
        assert [json.loads(line)["logIndex"] for line in told] == list(range(SIZE + 2))
        process.send_signal(signal.SIGINT)
        done = await finish(process)
        assert (done.code, done.out) == (ExitCode.INTERRUPTED, b"")
        assert "lost the record, trying again" in done.err
        assert "Traceback" not in done.err

    async def test_an_event_is_shown(self, record: Record, venture: Venture) -> None:
        shown = await venture("events", "show", str(record.events[7]))
        assert shown.code == ExitCode.OK
        assert "artifact.build.started.v1" in shown.text
        assert f"{record.workflows[1]}, event 3" in shown.text
        assert f"of {ORIGIN}" in shown.text
        data = json.loads(
            (await venture("events", "show", str(record.events[7]), "-o", "json")).text
        )
        assert (data["logIndex"], data["sound"]) == (7, True)
        assert data["event"]["event_id"] == str(record.events[7])
        missing = await venture("events", "show", str(uuid7()))
        assert missing.code == ExitCode.NOT_FOUND
        assert "there is no event" in missing.err

    async def test_what_was_tampered_with_is_told(
        self, record: Record, venture: Venture, superuser: asyncpg.Connection
    ) -> None:
        await one_byte(superuser, record)
        shown = await venture("events", "show", str(record.events[10]))
        assert "this event is not what was logged" in shown.err
        told = await venture("events", "tail", "--since", "1h", "--no-follow")
        assert told.err.strip() == "log index 10: its bytes do not have the hash that was logged"

    async def test_a_database_that_is_away_or_refuses_is_named(
        self, tmp_path: Path, database: SecretStr, superuser: asyncpg.Connection
    ) -> None:
        nowhere = f"postgresql://postgres@127.0.0.1:{free_port()}/x"
        away = await Venture(tmp_path, tmp_path / "none", VENTURE_POSTGRES_URL=nowhere)(
            "events", "tail"
        )
        assert away.code == ExitCode.UNREACHABLE
        assert "the record's Postgres does not answer" in away.err
        stranger = f"stranger_{uuid7().hex}"
        await superuser.execute(f"CREATE ROLE {stranger} LOGIN")
        url = database.get_secret_value().replace("postgres@", f"{stranger}@")
        refused = await Venture(tmp_path, tmp_path / "none", VENTURE_POSTGRES_URL=url)(
            "events", "tail"
        )
        await superuser.execute(f"DROP ROLE {stranger}")
        assert refused.code == ExitCode.DENIED
        assert "venture_auditor" in refused.err


class TestAudit:
    @pytest.mark.parametrize("bundle", ["bundle", "bundle.tar"])
    async def test_a_bundle_is_verified_with_the_key_alone(
        self, record: Record, venture: Venture, tmp_path: Path, bundle: str
    ) -> None:
        assert record
        saved = await venture("audit", "export", "-o", bundle, "--format", "json")
        assert saved.code == ExitCode.OK, saved.err
        data = json.loads(saved.text)
        assert (data["first"], data["entries"], data["laterEntries"]) == (0, SIZE, 0)
        verified = await offline(tmp_path)("audit", "verify", bundle, "--key", KEY, "-o", "json")
        assert verified.code == ExitCode.OK, verified.err
        assert json.loads(verified.text)["entries"] == SIZE
        other = NoteSigner(ORIGIN, Ed25519PrivateKey.generate()).verifier.text
        assert (
            await offline(tmp_path)("audit", "verify", bundle, "--key", other)
        ).code == ExitCode.VERIFICATION_FAILED
        again = await venture("audit", "export", "-o", bundle)
        assert again.code == ExitCode.USAGE
        assert names_in(tmp_path) == [bundle]

    async def test_a_workflows_stretch_is_verified(
        self, record: Record, venture: Venture, tmp_path: Path
    ) -> None:
        workflow = str(record.workflows[2])
        saved = await venture("audit", "export", "-o", "part.tar", "--workflow", workflow)
        assert saved.code == ExitCode.OK, saved.err
        verified = await offline(tmp_path)(
            "audit", "verify", "part.tar", "--key", KEY, "-o", "json"
        )
        report = json.loads(verified.text)
        assert report["verified"]
        assert 0 <= report["first"] <= 2
        assert report["size"] == SIZE
        unknown = await venture("audit", "export", "-o", "none", "--workflow", str(uuid7()))
        assert unknown.code == ExitCode.NOT_FOUND

    async def test_an_event_is_proven(
        self, record: Record, venture: Venture, tmp_path: Path
    ) -> None:
        for index in (0, 11, SIZE - 1):
            event = str(record.events[index])
            proven = await venture("audit", "prove", event, "-o", ".")
            assert proven.code == ExitCode.OK, proven.err
            verified = await offline(tmp_path)(
                *("audit", "verify", f"{event}.tlog-proof", "--key", KEY, "-o", "json")
            )
            assert verified.code == ExitCode.OK, verified.err
            data = json.loads(verified.text)
            assert data["logIndex"] == index
            assert json.loads(data["event"])["event_id"] == event
        unknown = await venture("audit", "prove", str(uuid7()), "-o", ".")
        assert unknown.code == ExitCode.NOT_FOUND

    async def test_a_tampered_event_is_not_proven(
        self, record: Record, venture: Venture, tmp_path: Path, superuser: asyncpg.Connection
    ) -> None:
        await one_byte(superuser, record)
        proven = await venture("audit", "prove", str(record.events[10]), "-o", ".")
        assert proven.code == ExitCode.VERIFICATION_FAILED
        assert names_in(tmp_path) == []

    async def test_without_a_signature_there_is_nothing_to_export(
        self, venture: Venture, database: SecretStr
    ) -> None:
        async with EventProducer(database, name="test") as producer:
            event = started(uuid7(), 1)
            await producer.append(event)
        exported = await venture("audit", "export", "-o", "bundle")
        assert exported.code == ExitCode.NOT_FOUND
        proven = await venture("audit", "prove", str(event.event_id), "-o", ".")
        assert proven.code == ExitCode.NOT_FOUND


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())
