"""The process keeper of hack/cluster, on real processes."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CLUSTER = Path(__file__).resolve().parents[2] / "hack" / "cluster"
SLEEP = ("/bin/sleep", "1000")


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(CLUSTER))
    return importlib.import_module("processes")


@pytest.fixture
def processes(module: Any, tmp_path: Path) -> Iterator[Any]:
    keeper = module.Processes(tmp_path)
    yield keeper
    for name in keeper.names():
        keeper.stop(name)


def ended(pid: int) -> bool:
    """Say whether the child ended, collecting it as init would for an orphan."""
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def test_parse_stat_with_a_hostile_process_name(module: Any) -> None:
    fields = module.parse_stat("42 (a) b (c)) S 1 42 " + " ".join(str(n) for n in range(6, 25)))
    assert fields[0] == "S"
    assert fields[19] == "22"


def test_a_running_service_is_left_alone(module: Any, processes: Any) -> None:
    first = processes.start(module.Service("sleeper", SLEEP))
    assert processes.start(module.Service("sleeper", SLEEP)) == first


def test_a_changed_command_line_restarts_the_service(module: Any, processes: Any) -> None:
    first = processes.start(module.Service("sleeper", SLEEP))
    second = processes.start(module.Service("sleeper", ("/bin/sleep", "999")))
    assert second.pid != first.pid
    assert ended(first.pid)
    assert processes.running("sleeper") == second


def test_a_killed_service_is_noticed_and_started_again(module: Any, processes: Any) -> None:
    first = processes.start(module.Service("sleeper", SLEEP))
    os.kill(first.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while processes.running("sleeper") is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert processes.start(module.Service("sleeper", SLEEP)).pid != first.pid


@pytest.mark.parametrize(("field", "value"), [("start_ticks", 1), ("boot_id", "of-another-boot")])
def test_a_pid_that_now_belongs_to_another_program_is_never_touched(
    module: Any, processes: Any, tmp_path: Path, field: str, value: object
) -> None:
    stranger = processes.start(module.Service("stranger", SLEEP))
    record = json.loads((tmp_path / "run" / "stranger.json").read_text()) | {field: value}
    (tmp_path / "run" / "stale.json").write_text(json.dumps(record))

    assert processes.running("stale") is None
    processes.stop("stale")

    assert stranger.alive()
    assert processes.names() == ["stranger"]


def test_a_service_that_ignores_sigterm_is_killed(
    module: Any, processes: Any, tmp_path: Path
) -> None:
    program = (
        "import signal, time, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"pathlib.Path({str(tmp_path / 'ready')!r}).touch(); time.sleep(1000)"
    )
    stubborn = processes.start(module.Service("stubborn", (sys.executable, "-c", program)))
    while not (tmp_path / "ready").exists():
        time.sleep(0.01)
    processes.stop("stubborn", grace_seconds=0.1)
    assert ended(stubborn.pid)


def test_the_end_of_a_service_is_reported_with_its_log(module: Any, processes: Any) -> None:
    processes.start(module.Service("broken", ("/bin/sh", "-c", "echo the cause; exit 3")))
    with pytest.raises(Exception, match="broken has ended") as caught:  # noqa: PT012 - the end comes in its own time
        for _ in range(500):
            processes.require("broken")
            time.sleep(0.01)
    assert "the cause" in caught.value.describe()  # type: ignore[attr-defined]
