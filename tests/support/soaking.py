"""How long the tests that search for faults go on: briefly in every run, for long in `make soak`.

One setting, VENTURE_TEST_PROFILE, is `short` (the default) or `soak`. A test of properties takes
the number of its examples from here or from hypothesis's profile of the same name; a test that
kills, waits or fuzzes takes from here for how long, or how often, and is marked `soak`.
"""

from __future__ import annotations

import os
from typing import Literal, get_args

from hypothesis import settings

type Profile = Literal["short", "soak"]

_EXAMPLES = {"short": 100, "soak": 3000}


def profile() -> Profile:
    """Return the profile of this run; raises ValueError when the setting names none."""
    match os.environ.get("VENTURE_TEST_PROFILE", "short"):
        case "short":
            return "short"
        case "soak":
            return "soak"
        case other:
            known = " or ".join(get_args(Profile.__value__))
            raise ValueError(f"VENTURE_TEST_PROFILE is {other!r}, not {known}")


def load_hypothesis_profile() -> None:
    """Give every test of properties the examples of this run's profile."""
    for name, examples in _EXAMPLES.items():
        # A shared machine is slow at times: how long one example takes says nothing.
        settings.register_profile(name, max_examples=examples, deadline=None)
    settings.load_profile(profile())


def examples(short: int) -> int:
    """Return how many examples a test tries that tries `short` of them in every run."""
    return short * _EXAMPLES[profile()] // _EXAMPLES["short"]


def times(*, short: int, soak: int) -> int:
    """Return how often a test repeats itself in this run."""
    return soak if profile() == "soak" else short


def seconds(*, short: float, soak: float) -> float:
    """Return how long a test goes on in this run."""
    return soak if profile() == "soak" else short
