"""Processes end within bounds, whatever hangs in them; Jobs end with the code that tells why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from surroundings import free_port
from venture_core.process.jobs import EXIT_STOPPED
from venture_core.process.stopping import EXIT_CUT_SHORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRELUDE = """
import asyncio, sys, threading, time
from venture_core.process import stopping
stopping.CLEANUP_SECONDS = 1.0
from venture_core.process import running, jobs
from venture_core.process.running import run_process
from venture_core.process.jobs import run_job
from venture_core.settings.programs import LogSettings, ProcessSettings

async def ends(settings, process):
    await process.stop.wait()

async def swallows(settings, process):
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def leaves_a_task(settings, process):
    process.other = asyncio.create_task(swallows(settings, process))
    await process.stop.wait()

async def leaves_a_thread(settings, process):
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)
    await process.stop.wait()

async def blocks_the_loop(settings, process):
    await process.stop.wait()
    time.sleep(600)

async def overstays(settings, process):
    await asyncio.sleep(600)

async def lingers(settings, process):
    await process.stop.wait()
    await asyncio.sleep(600)

async def fails(settings, process):
    raise ValueError("a broken spout")

async def job(settings):
    print("working", flush=True)
    await asyncio.sleep(600)
    return 0

async def broken_job(settings):
    raise ValueError("a broken spout")
"""


class Program:
    def __init__(self, call: str, *, stop_seconds: float = 0.5) -> None:
        self.port = free_port()
        environment = {
            **os.environ,
            "VENTURE_POD_NAME": "teapot-0",
            "VENTURE_HTTP_PORT": str(self.port),
            "VENTURE_STOP_SECONDS": str(stop_seconds),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + call],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def probe(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code

    def started(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.probe("/healthz")
            except OSError:
                assert self.process.poll() is None, self.output()
                assert time.monotonic() < deadline, "it does not answer"
            else:
                return

    def output(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def stop(self) -> tuple[int, float]:
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60), time.monotonic() - began


type Start = Callable[..., Program]


@pytest.fixture
def start() -> Iterator[Start]:
    programs: list[Program] = []

    def started(call: str, *, stop_seconds: float = 0.5) -> Program:
        programs.append(Program(call, stop_seconds=stop_seconds))
        return programs[-1]

    yield started
    for each in programs:
        each.process.kill()
        each.process.wait()
        if each.process.stdout is not None:
            each.process.stdout.close()


@pytest.mark.parametrize(
    ("work", "code"),
    [
        ("ends", 0),
        ("overstays", 0),
        ("swallows", EXIT_CUT_SHORT),
        ("leaves_a_task", EXIT_CUT_SHORT),
        ("leaves_a_thread", EXIT_CUT_SHORT),
        ("blocks_the_loop", EXIT_CUT_SHORT),
    ],
)
def test_every_process_ends_in_time(start: Start, work: str, code: int) -> None:
    program = start(f"run_process('teapot', ProcessSettings, {work})")
    program.started()
    ended, seconds = program.stop()
    assert ended == code, program.output()
    assert seconds < 8


def test_a_stopping_process_is_alive_and_not_ready(start: Start) -> None:
    program = start("run_process('teapot', ProcessSettings, lingers)", stop_seconds=5)
    program.started()
    assert program.probe("/readyz") == 200
    program.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 4
    while program.probe("/readyz") != 503:
        assert time.monotonic() < deadline, "it still calls itself ready"
    assert program.probe("/healthz") == 200


def test_a_failure_ends_the_process_and_is_logged(start: Start) -> None:
    program = start("run_process('teapot', ProcessSettings, fails)")
    assert program.process.wait(timeout=60) == 1
    assert '"a broken spout"' in program.output()


def test_a_job_says_by_its_code_that_it_was_stopped(start: Start) -> None:
    program = start("run_job('teapot', LogSettings, job)")
    assert program.process.stdout is not None
    assert program.process.stdout.readline() == "working\n"
    code, seconds = program.stop()
    assert code == EXIT_STOPPED
    assert seconds < 5


def test_a_job_that_fails_is_logged(start: Start) -> None:
    program = start("run_job('teapot', LogSettings, broken_job)")
    assert program.process.wait(timeout=60) == 1
    assert '"a broken spout"' in program.output()
