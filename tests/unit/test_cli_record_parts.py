"""The record's commands: their pure parts, and what the command line refuses."""

from datetime import UTC, datetime, timedelta
from uuid import uuid7

import pytest
from typer.testing import CliRunner
from venture_cli.app import app
from venture_cli.domain.endpoints import ServiceAddress, local_endpoint, service_address
from venture_cli.domain.eventfilter import EventFilter, parse_since
from venture_cli.errors import CliError, ExitCode

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("5m", NOW - timedelta(minutes=5)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-11-23T07:00:00Z", NOW - timedelta(hours=1)),
        ("2026-11-23T09:00:00+02:00", NOW - timedelta(hours=1)),
    ],
)
def test_a_moment_is_read(text: str, moment: datetime) -> None:
    assert parse_since(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "yesterday", "2026-11-23T07:00:00"])
def test_another_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a time ago"):
        parse_since(text, NOW)


@pytest.mark.parametrize(
    ("pattern", "event_type", "taken"),
    [
        ("*", "artifact.build.completed.v1", True),
        ("artifact.*", "artifact.build.completed.v1", True),
        ("artifact.build.completed.v1", "artifact.build.completed.v1", True),
        ("*.failed.v?", "artifact.build.completed.v1", False),
        ("Artifact.*", "artifact.build.completed.v1", False),
        # What cannot be read is shown, whatever was asked for.
        ("artifact.*", "", True),
    ],
)
def test_types_are_taken_by_pattern(pattern: str, event_type: str, *, taken: bool) -> None:
    assert EventFilter(type_pattern=pattern).takes_type(event_type) is taken


@pytest.mark.parametrize(
    ("url", "address", "local"),
    [
        (
            "postgresql://u:p%40x@db.data.svc:6432/venture?sslmode=require",
            ServiceAddress("data", "db", 6432),
            "postgresql://u:p%40x@127.0.0.1:9/venture?sslmode=require",
        ),
        (
            "postgres://u@db.data.svc.cluster.local/venture",
            ServiceAddress("data", "db", 5432),
            "postgres://u@127.0.0.1:9/venture",
        ),
        ("nats://u:p@n.data.svc", ServiceAddress("data", "n", 4222), "nats://u:p@127.0.0.1:9"),
    ],
)
def test_servers_in_the_cluster_are_reached_with_their_credentials(
    url: str, address: ServiceAddress, local: str
) -> None:
    assert service_address(url) == address
    assert local_endpoint(url, 9) == local


@pytest.mark.parametrize(
    "url",
    ["tls://u:secret@n.data.svc:4222", "postgresql://u:secret@d.data.svc/x?sslmode=verify-full"],
)
def test_a_certificate_for_a_name_in_the_cluster_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(CliError, match="speaks TLS") as caught:
        service_address(url)
    assert caught.value.code == ExitCode.UNREACHABLE
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("events", "tail", "--workflow", "nonsense"),
        ("events", "tail", "--since", "yesterday"),
        ("events", "show", "nonsense"),
        ("events", "replay", "--timeout", "soon"),
        ("events", "dlq", "show", "0"),
        ("events", "dlq", "requeue"),
        ("audit", "export"),
        ("audit", "prove", str(uuid7())),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == ExitCode.USAGE


def test_a_bundle_takes_the_place_of_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    there = tmp_path_factory.mktemp("bundle")
    done = CliRunner().invoke(app, ["audit", "export", "-o", str(there)])
    assert done.exit_code == ExitCode.USAGE
    done = CliRunner().invoke(app, ["audit", "export", "-o", str(there / "no" / "folder")])
    assert done.exit_code == ExitCode.USAGE
