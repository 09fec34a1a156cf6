"""The table of refusals, tried with kubectl: with the webhooks, and without any."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from admissionserver import admitting, named
from chartaccounts import apply_rights
from refusals import CONTROLLER, SECOND, Guard, word
from refusalscene import Answer, Scene
from refusedwords import WORDS
from refusedwork import WORK
from venture_core.kubernetes.resources import JOBS, MUTATING_WEBHOOKS, NAMESPACES
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from operatorprocess import OperatorProcess
    from refusals import Refusal
    from treasuryservice import Service
    from venture_core.kubernetes.client import KubernetesClient

type Json = dict[str, Any]

TABLE = (*WORK, *WORDS)
POLICIES = ("approvals", "requesters", "freezes", "labels")
ROLES = (".edit", ".approvals", ".policybundles", ".freezes")
STARTED = ("job", "child", "hold", "artifact", "publishedAt")
"""What a status has of an object, or of a task, of which something came."""


@pytest.fixture
async def frozen(client: KubernetesClient, namespace: str) -> str:
    """Make a second namespace, where a Freeze will hold."""
    name = f"{namespace}-frozen"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.create(NAMESPACES, body)
    return name


@pytest.fixture
def operator_settings(namespace: str, frozen: str, treasury: Service) -> dict[str, str]:
    token = treasury.tokens / "operator-token"
    token.write_text("operator")
    return {
        "watch_namespaces": json.dumps([namespace, frozen]),
        "treasury_url": treasury.url,
        "treasury_token_file": str(token),
    }


@pytest.fixture
def policies(render_chart: Callable[..., list[Json]], namespace: str, frozen: str) -> list[Json]:
    """Return the chart's admission policies, for the namespaces of this test."""
    found = [
        each
        for each in render_chart("ci/dev.yaml")
        if each["kind"].startswith("ValidatingAdmissionPolicy")
        and each["metadata"]["name"].endswith(POLICIES)
    ]
    assert len(found) == 2 * len(POLICIES)
    for each in found:
        constraints = each["spec"].get("matchConstraints", {})
        if "namespaceSelector" in constraints:
            pods = each["metadata"]["name"].endswith("labels")
            constraints["namespaceSelector"] = named(*([frozen] if pods else [namespace, frozen]))
    return found


@pytest.fixture
async def scene(
    definitions: Path,
    client: KubernetesClient,
    namespace: str,
    frozen: str,
    policies: list[Json],
    operator: OperatorProcess,
    render_chart: Callable[..., list[Json]],
) -> AsyncIterator[Scene]:
    """Put people and things there."""
    del operator
    manifests = render_chart("ci/dev.yaml")
    await apply_rights(client, manifests, [], lambda name: name.endswith(ROLES))
    made = Scene(definitions, namespace, frozen, policies)
    try:
        await made.set()
        yield made
    finally:
        await made.clear()


async def all_refused(scene: Scene, table: list[Refusal], prefix: str) -> None:
    """Try every line at once; fail with all that came otherwise."""
    names = [f"{prefix}-{at}" for at in range(len(table))]
    answers = await asyncio.gather(*map(scene.attempt, table, names, strict=True))
    problems = await asyncio.gather(
        *(
            judged(scene, refusal, name, answer)
            for refusal, name, answer in zip(table, names, answers, strict=True)
        )
    )
    told = zip(table, problems, strict=True)
    wrong = [f"{each.act.kind}, {each.tries}: {problem}" for each, problem in told if problem]
    assert not wrong, "\n".join(wrong)


async def judged(scene: Scene, refusal: Refusal, name: str, answer: Answer) -> str:
    """Return what is wrong with what became of it; empty where it was refused as it should be."""
    words = scene.filled(refusal.words)
    if refusal.guard is not Guard.OPERATOR:
        return "" if answer.is_from(refusal.guard, words) else answer.said
    if answer.failed:
        return answer.said

    async def look() -> Json:
        return await scene.get(refusal.act.kind, name, refusal.where)

    def said(body: Json) -> bool:
        conditions = body.get("status", {}).get("conditions", [])
        return any(
            each["reason"] == refusal.reason and words in each["message"] for each in conditions
        )

    try:
        status = (await patiently(look, said))["status"]
    except AssertionError as error:
        return str(error)
    parts = [status, *status.get("tasks", [])]
    started = [name for name in STARTED if any(name in each for each in parts)]
    return f"something came of it: {started}" if started else ""


@pytest.mark.timeout(240)
async def test_what_is_refused_is_refused_without_the_webhooks_too(
    scene: Scene,
    client: KubernetesClient,
    work_namespace: str,
    render_chart: Callable[..., list[Json]],
    tmp_path: Path,
) -> None:
    # What governs, and what waits for people: the webhooks see one after the other.
    known = (TABLE[0], next(each for each in TABLE if each.reason == "Given"))

    async def asked() -> set[bool]:
        tried = [
            await scene.act(each.act, "known", each.who, each.where, "--dry-run=server")
            for each in known
        ]
        pairs = zip(tried, known, strict=True)
        return {answer.is_from(Guard.WEBHOOK, each.words) for answer, each in pairs}

    places = (scene.namespace, scene.frozen)
    async with admitting(client, tmp_path, render_chart("ci/dev.yaml"), *places) as (webhooks, _):
        await patiently(asked, lambda found: found == {True})
        await all_refused(scene, list(TABLE), "with")
        await client.delete(MUTATING_WEBHOOKS, webhooks)
        await patiently(asked, lambda found: found == {False})
        await all_refused(scene, [each.away() for each in TABLE], "away")

    # Of all words on it only those count that people may say, and each person's once.
    await scene.is_approved_by(CONTROLLER)
    await scene.do(word(SECOND), "last", SECOND)
    status = await scene.is_approved_by(CONTROLLER, SECOND)
    assert status["phase"] == "AwaitingApproval"
    assert await client.list(JOBS, work_namespace) == []
