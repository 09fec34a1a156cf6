"""Long steps of hack/cluster show that they move, and lanes end together."""

from __future__ import annotations

import importlib
import os
import pty
import threading
import time
from pathlib import Path
from typing import Any

import pytest

CLUSTER = Path(__file__).resolve().parents[2] / "hack" / "cluster"


@pytest.fixture
def progress(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(CLUSTER))
    module = importlib.import_module("progress")
    monkeypatch.setattr(module, "_LOOKS_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(module, "_SPEAKS_EVERY_SECONDS", 0.0)
    return module


def run_until_said(
    progress: Any, monkeypatch: pytest.MonkeyPatch, folder: Path, wanted: str, **how: Any
) -> list[str]:
    """Run a program that prints three lines and ends once the wanted words were said."""
    gate = folder / "gate"
    os.mkfifo(gate)
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if wanted in text and gate.exists():
            gate.write_text("go\n")
            gate.unlink()

    monkeypatch.setattr(progress, "say", say)
    script = f"echo one; echo two; echo three; read answer < {gate}"
    progress.run(["sh", "-c", script], log=folder / "log", next_step="none", **how)
    return said


def test_a_long_step_counts_what_is_done(
    progress: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counted = "Building: 3 of 7 packages"
    said = run_until_said(progress, monkeypatch, tmp_path, counted, what="Building", total=7)
    assert counted in said


def test_a_step_of_unknown_length_shows_its_last_line(
    progress: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    last = "sh: three (14 bytes of log)"
    assert last in run_until_said(progress, monkeypatch, tmp_path, last)


def test_the_log_of_an_earlier_run_does_not_count(
    progress: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("old\n" * 50)
    counted = "sh: 3 of 7 packages"
    assert counted in run_until_said(progress, monkeypatch, tmp_path, counted, total=7)


@pytest.mark.parametrize(("done", "full"), [(0, 0), (1, 3), (4, 12), (8, 24), (9, 24)], ids=str)
def test_a_bar_is_as_full_as_the_work_is_done(progress: Any, done: int, full: int) -> None:
    assert progress.bar(done, 8) == "█" * full + "░" * (24 - full)


def test_a_terminal_sees_a_bar(
    progress: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own, terminal = pty.openpty()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with os.fdopen(terminal, "w", buffering=1) as stream:
        monkeypatch.setattr(progress.sys, "stderr", stream)
        script = f"echo one; read answer < {gate}"
        thread = threading.Thread(
            target=lambda: progress.run(
                ["sh", "-c", script], log=tmp_path / "log", next_step="", what="Building", total=4
            )
        )
        thread.start()
        seen = b""
        while "Building ██████░".encode() not in seen:
            seen += os.read(own, 4096)
        gate.write_text("go\n")
        thread.join(timeout=10)
        assert not thread.is_alive()
    os.close(own)


def test_lanes_run_beside_each_other(progress: Any) -> None:
    meeting = threading.Barrier(2, timeout=10)
    progress.side_by_side(meeting.wait, meeting.wait)


def test_a_lane_that_fails_ends_the_programs_of_the_others(progress: Any, tmp_path: Path) -> None:
    def fail_once_the_other_runs() -> None:
        deadline = time.monotonic() + 10
        while "begun" not in (tmp_path / "log").read_text() and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        raise progress.ClusterError("this lane failed", next_step="mend it")

    def long() -> None:
        script = "echo begun; exec sleep 600"
        progress.run(["sh", "-c", script], log=tmp_path / "log", next_step="none")

    (tmp_path / "log").touch()
    began = time.monotonic()
    with pytest.raises(progress.ClusterError, match="this lane failed"):
        progress.side_by_side(long, fail_once_the_other_runs)
    assert time.monotonic() - began < 20
    # The next lanes are not held against what these did.
    progress.side_by_side(lambda: None, lambda: None)


def test_a_program_that_cannot_start_says_what_to_do(progress: Any, tmp_path: Path) -> None:
    with pytest.raises(progress.ClusterError) as caught:
        progress.run([tmp_path / "absent"], log=tmp_path / "log", next_step="install it")
    assert "install it" in caught.value.describe()
