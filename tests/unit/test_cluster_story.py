"""What `make up` says of its launch: each change once, and a tree at the end."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from surroundings import REPOSITORY

type Json = dict[str, Any]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPOSITORY / "hack" / "cluster"))
    return importlib.import_module("storylines")


def flow(phase: str, *tasks: Json) -> Json:
    spec = [
        {"name": "research", "agent": {}},
        {"name": "deck", "artifact": {}, "dependsOn": ["research"]},
    ]
    status = {"phase": phase, "progress": "1/2", "spent": "0.02", "tasks": list(tasks)}
    spent = {"budget": {"currency": "USD"}, "tasks": spec}
    return {"metadata": {"name": "launch"}, "spec": spent, "status": status}


RESEARCH: Json = {
    "name": "research",
    "phase": "Succeeded",
    "reason": "",
    "costCents": 2,
    "startedAt": "2026-11-26T12:00:00Z",
    "finishedAt": "2026-11-26T12:00:04.5Z",
}
DECK: Json = {
    "name": "deck",
    "phase": "Running",
    "reason": "Compiling",
    "message": "attempt 1",
    "child": {"name": "launch-deck-1"},
}


def test_each_change_is_said_once(lines: Any) -> None:
    seen: dict[str, str] = {}
    first = lines.news(flow("Running", RESEARCH, {"name": "deck", "phase": "Queued"}), seen)
    assert [(each.task, each.state) for each in first] == [("research", "Succeeded")]
    now = flow("Running", RESEARCH, DECK)
    assert lines.news(now, seen) == [lines.Line("deck", "Running: Compiling", "attempt 1")]
    assert lines.news(now, seen) == []


def test_the_tree_says_what_each_task_cost_and_took(lines: Any) -> None:
    head, research, deck = lines.tree(flow("Running", RESEARCH, DECK))
    assert head.split() == ["launch", "Running", "1/2", "0.02", "USD"]
    assert research.split() == ["└─", "research", "agent", "Succeeded", "0.02", "4.5", "s"]
    assert deck.startswith("   └─ deck")
    assert deck.split()[2:] == ["artifact", "Running:", "Compiling"]


def test_what_has_no_status_yet_is_not_over(lines: Any) -> None:
    assert not lines.is_over({})
    assert lines.news({}, {}) == []
    assert lines.child_of({}, "deck") == ""
    assert lines.is_over(flow("Failed"))
    assert lines.child_of(flow("Running", DECK), "deck") == "launch-deck-1"
