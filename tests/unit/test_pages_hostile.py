"""Hostile documents and assets: each is refused by name or stays within time and memory.

All run in one process, which says for each how it ended and how long it took, and at the end how
much memory it ever had.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

WITHIN_SECONDS = 30.0
"""What one may take on a busy machine; a build has ten times as long."""
WITHIN_MIB = 700
"""Less than a compile Job's container has."""

PROGRAM = """
import hostilepages, json, resource, sys, time
from artifactexamples import compiled

for name, attack in hostilepages.ATTACKS.items():
    document, target, assets = attack()
    began = time.monotonic()
    try:
        ended = f"built: {compiled(document, target, **assets).media_type}"
    except Exception as error:
        ended = f"{type(error).__name__}: {error}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps([name, ended, time.monotonic() - began, peak]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one attack ended."""

    how: str
    seconds: float
    peak_mib: int


@pytest.fixture(scope="module")
def endings() -> dict[str, Ended]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=280,
    )
    rows: list[list[Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: Ended(how, seconds, peak) for name, how, seconds, peak in rows}


EXPECTED = {
    "picture that unpacks to gigabytes": "InvalidAssetError: asset photo: far more than",
    "picture of a million by one": "InvalidAssetError: asset photo: ",
    "picture one pixel too large": "InvalidAssetError: asset photo: 6001 by 4000 pixels",
    "picture cut off": "InvalidAssetError: asset photo: the picture is broken",
    "text within a picture that unpacks to megabytes": "InvalidAssetError: asset photo: the pic",
    "program instead of a picture": "InvalidAssetError: asset photo: not a PNG or JPEG",
    "picture in a format that nobody checked": "InvalidAssetError: asset photo: not a PNG or",
    "picture of 21 megabytes": "InvalidAssetError: asset photo: 22020096 bytes",
    "levels without end": "InvalidIRError: ",
    "values without end": "InvalidIRError: ",
    "document of two megabytes": "InvalidIRError: the document: the document has",
    "control characters": "InvalidIRError: /blocks/0/text",
    "address as a colour": "InvalidIRError: /layers/0/color",
    "path as a font": "InvalidIRError: /theme/fonts/heading",
    "number that is none": "InvalidIRError: ",
    "picture of 67 million pixels": "InvalidIRError: /width",
    "text in a pixel": "GateFailedError: gate overflow failed",
    "row taller than a page": "GateFailedError: gate overflow failed: blocks[0].rows[0]: is taller",
    "word without end": "GateFailedError: gate overflow failed",
    "letters that no font has": "GateFailedError: gate overflow failed",
    "board whose every node leads to every other": "built: image/svg+xml",
    "board of labels past every layer": "built: image/svg+xml",
    "statement of the largest amounts": "built: application/pdf",
    "grid of as many cells as there may be": "built: application/pdf",
    "layers upon layers": "built: image/png",
    "large pictures on page after page": "built: application/pdf",
    "texts that look like markup": "built: application/pdf",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_it_ends_by_name_within_time_and_memory(name: str, endings: dict[str, Ended]) -> None:
    ended = endings[name]
    assert ended.how.startswith(EXPECTED[name])
    assert ended.seconds < WITHIN_SECONDS
    assert ended.peak_mib < WITHIN_MIB


def test_each_attack_is_expected_to_end_somehow(endings: dict[str, Ended]) -> None:
    assert endings.keys() == EXPECTED.keys()
