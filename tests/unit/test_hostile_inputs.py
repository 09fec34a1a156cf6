"""Hostile documents and assets: each is refused by name, or built within time and memory.

The short form runs those that take a moment, one after the other in one process, by what the
compile Job runs; the long form gives each to the program itself, in a process of its own.
"""

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hostileendings import ENDINGS, LONG
from hostileinputs import ATTACKS
from soaking import profile
from surroundings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterable

WITHIN_SECONDS = 10.0
"""Of the processor, with the start of the program."""
WITHIN_SECONDS_TOGETHER = 5.0
WITHIN_MIB = 700
"""Less than a compile Job's container has."""
TOGETHER = """
import asyncio, json, sys
from dataclasses import asdict
from hostilejobs import together

async def run():
    async for ended in together(json.loads(sys.argv[1])):
        print(json.dumps(asdict(ended)), flush=True)

asyncio.run(run())
"""
QUICK = [name for name in ATTACKS if name not in LONG]


def _ended(command: Iterable[str], seconds: int) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, *command],
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds,
        cwd=REPOSITORY,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b'{"name')]
    return {row["name"]: row for row in rows}


@pytest.fixture(scope="module")
def endings() -> dict[str, dict[str, Any]]:
    return _ended(["-c", TOGETHER, json.dumps(QUICK)], 280)


@pytest.mark.parametrize("name", QUICK)
def test_it_ends_by_name_within_time_and_memory(
    name: str, endings: dict[str, dict[str, Any]]
) -> None:
    ended = endings[name]
    assert ended["how"].startswith(ENDINGS[name])
    assert ended["seconds"] < WITHIN_SECONDS_TOGETHER
    assert ended["peak_mib"] < WITHIN_MIB


def test_each_attack_is_expected_to_end_somehow() -> None:
    assert ENDINGS.keys() == ATTACKS.keys()
    assert ATTACKS.keys() >= LONG.keys()


@pytest.mark.soak
@pytest.mark.skipif(profile() == "short", reason="a process for each takes minutes")
@pytest.mark.timeout(1800)
def test_each_ends_in_a_process_of_its_own() -> None:
    ended = _ended(["tests/bench/bench_hostile.py", "--json"], 1700)
    assert ended.keys() == ATTACKS.keys()
    wrong = {
        name: row
        for name, row in ended.items()
        if not row["how"].startswith(ENDINGS[name])
        or row["seconds"] > LONG.get(name, WITHIN_SECONDS)
        or row["peak_mib"] > WITHIN_MIB
    }
    assert wrong == {}
