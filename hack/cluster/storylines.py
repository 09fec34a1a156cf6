"""What the story of `make up` says: a Workflow as lines of text. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_AT_THE_END = frozenset({"Succeeded", "Failed", "Cancelled"})
_KINDS = ("agent", "artifact", "approval", "money", "container")


@dataclass(frozen=True)
class Line:
    """Where one task stands."""

    task: str
    state: str
    message: str


def is_over(flow: dict[str, Any]) -> bool:
    """Say whether a Workflow is at its end, well or not."""
    return flow.get("status", {}).get("phase") in _AT_THE_END


def news(flow: dict[str, Any], seen: dict[str, str]) -> list[Line]:
    """Return what is new of a Workflow's tasks since `seen`, which it keeps up to date."""
    found = []
    for task in flow.get("status", {}).get("tasks", []):
        state = _state(task)
        if seen.get(task["name"]) != state:
            seen[task["name"]] = state
            found.append(Line(task["name"], state, task.get("message", "")))
    return [line for line in found if line.state != "Queued"]


def child_of(flow: dict[str, Any], task: str) -> str:
    """Return the name of what does the work of a task; empty where nothing does."""
    tasks = {each["name"]: each for each in flow.get("status", {}).get("tasks", [])}
    return str(tasks.get(task, {}).get("child", {}).get("name", ""))


def tree(flow: dict[str, Any]) -> list[str]:
    """Return a Workflow as a tree: each task below what it waited for, its state, cost and time."""
    status = flow.get("status", {})
    told = {each["name"]: each for each in status.get("tasks", [])}
    currency = flow["spec"].get("budget", {}).get("currency", "")
    spent = f"{status.get('spent', '')} {currency}".strip()
    whole = (status.get("phase", "Pending"), status.get("progress", ""), spent, _seconds(status))
    lines = ["  ".join((flow["metadata"]["name"], *whole)).rstrip()]
    depths: dict[str, int] = {}
    for task in flow["spec"]["tasks"]:
        name, after = task["name"], task.get("dependsOn", [])
        depths[name] = 1 + max((depths.get(each, 0) for each in after), default=0)
        one = told.get(name, {})
        shown = f"{'   ' * (depths[name] - 1)}└─ {name}"
        cost = f"{one.get('costCents', 0) / 100:.2f}" if "agent" in task else ""
        lines.append(
            f"{shown:<24}{_kind(task):<10}{_state(one):<26}{cost:>6}  {_seconds(one):>7}".rstrip()
        )
    return lines


def _kind(task: dict[str, Any]) -> str:
    return next((kind for kind in _KINDS if kind in task), "")


def _state(task: dict[str, Any]) -> str:
    phase = task.get("phase", "Queued")
    reason = task.get("reason") or ""
    return phase if reason in ("", phase) else f"{phase}: {reason}"


def _seconds(told: dict[str, Any]) -> str:
    times: Iterable[str] = (told.get("startedAt", ""), told.get("finishedAt", ""))
    began, ended = (_moment(each) for each in times)
    return f"{(ended - began).total_seconds():.1f} s" if began and ended else ""


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
