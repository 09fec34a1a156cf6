"""The command line's small pure parts: durations, names, tables, endpoints, the program's name."""

import pytest
from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.durations import between, elapsed, parse_duration
from venture_cli.domain.endpoints import ServiceAddress, local_endpoint, service_address
from venture_cli.domain.names import artifact_file_name, name_from_file
from venture_cli.domain.table import align, row
from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint, program_name
from venture_core.artifacts.deck.target import PPTX


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("5m", 300), ("1h", 3600), ("24h", 86400), ("1", 1)],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0.5", "25h", "-1", "5 m", "5d", "m", "1e3", "90sm"])
def test_another_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration from 1s to 24h"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (42, "42 s"), (185, "3 min 5 s")]
)
def test_elapsed_time_is_as_exact_as_it_is_short(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text


def test_the_time_between_needs_two_moments() -> None:
    assert between("2026-11-23T00:00:00Z", "2026-11-23T00:00:02.5Z") == 2.5
    assert between("", "2026-11-23T00:00:00Z") is None
    assert between("2026-11-23T00:00:00", "2026-11-23T00:00:00Z") is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("board-deck", "board-deck"),
        ("ab/board-deck", "board-deck"),
        ("artifactbuild/board-deck", "board-deck"),
        ("ArtifactBuilds/board-deck", "board-deck"),
        ("artifactbuild.venture.parpour.dev/board-deck", "board-deck"),
        ("v1.2", "v1.2"),
        ("a" * 63, "a" * 63),
    ],
)
def test_a_name_is_read_in_every_spelling(text: str, name: str) -> None:
    assert ARTIFACT.object_name(text) == name
    assert ARTIFACT.refers(text) == ("/" in text)


@pytest.mark.parametrize("text", ["", "Board", "a_b", "-a", "a-", "a..b", "pod/x", "ab/", "a" * 64])
def test_what_cannot_be_a_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no name of an ArtifactBuild"):
        ARTIFACT.object_name(text)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("decks/Q3 review.json", "q3-review"),
        ("board-deck.v2.yaml", "board-deck"),
        ("Übersicht.json", "bersicht"),
        ("...json", ""),
        ("", ""),
        (f"{'a' * 62}_b.json", "a" * 62),
    ],
)
def test_a_file_gives_its_build_a_name(path: str, name: str) -> None:
    assert name_from_file(path) == name


def test_an_artifact_is_called_after_its_build_and_target() -> None:
    assert artifact_file_name("board-deck", PPTX.formats[0].media_type) == "board-deck.pptx"


def test_columns_start_at_the_same_place() -> None:
    rows = [row("NAME", "PHASE", "MESSAGE"), row("a-long-name", "Ready", "two\nlines")]
    lines = ["   ".join(cells) for cells in align(rows)]
    assert lines == ["NAME          PHASE   MESSAGE", "a-long-name   Ready   two lines"]


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("http://venture-s3.venture-system.svc:7070", ("venture-system", "venture-s3", 7070)),
        ("http://s3.data.svc.cluster.local", ("data", "s3", 80)),
        ("https://s3.eu-central-1.amazonaws.com", None),
        ("http://127.0.0.1:9000", None),
        ("http://minio:9000", None),
    ],
)
def test_only_a_service_of_the_cluster_needs_a_way_in(
    endpoint: str, address: tuple[str, str, int] | None
) -> None:
    assert service_address(endpoint) == (address and ServiceAddress(*address))


def test_tls_within_the_cluster_is_refused_with_a_way_out() -> None:
    with pytest.raises(CliError, match="inside the cluster and speaks TLS") as caught:
        service_address("https://s3.data.svc:443")
    assert caught.value.code is ExitCode.UNREACHABLE
    assert "VENTURE_POSTGRES_URL" in caught.value.next_step


def test_a_forwarded_endpoint_keeps_its_scheme_and_path() -> None:
    assert local_endpoint("http://s3.data.svc:7070/base", 4711) == "http://127.0.0.1:4711/base"


@pytest.mark.parametrize(
    ("argv0", "name"),
    [
        ("/usr/bin/venture", "venture"),
        ("/opt/bin/kubectl-venture", "kubectl venture"),
        ("/x/venture_cli/__main__.py", "venture"),
    ],
)
def test_the_program_knows_what_it_was_called_as(argv0: str, name: str) -> None:
    assert program_name(argv0) == name


def test_a_hint_can_be_pasted_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/opt/bin/kubectl-venture"])
    assert hint("artifact", "get", "x", namespace="n") == "kubectl venture artifact get x -n n"
    assert hint("artifact", "list", "-A") == "kubectl venture artifact list -A"
