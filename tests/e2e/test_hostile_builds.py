"""All hostile inputs as builds of one namespace, while another one builds what it always builds."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

import operatorpods
import pytest
from acceptedready import UploadRefusedError, upload
from builds import Builds, condition
from hostileendings import ENDINGS
from hostileinputs import ATTACKS
from soaking import profile
from venture_core.artifacts.documents import DOCUMENTS
from venture_core.kubernetes.resources import NAMESPACES, PODS
from waiting import patiently
from worknamespace import WorkNamespace, work_namespace

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

INLINE_BYTES: Final = 48 * 1024
WITHIN_SECONDS: Final = 1500
NEIGHBOUR_EVERY_SECONDS: Final = 5
NEIGHBOUR_WITHIN_SECONDS: Final = 120
SHORTEST_MESSAGE: Final = 25
"""Characters: less is no sentence that says what to change."""


@pytest.mark.soak
@pytest.mark.skipif(profile() == "short", reason="more than a hundred builds take minutes")
@pytest.mark.timeout(1800)
async def test_each_ends_with_a_sentence_and_hurts_nobody(
    builds: Builds, client: KubernetesClient, kubectl: Callable[..., str], work: WorkNamespace
) -> None:
    before = await _operators(client)
    neighbour = asyncio.ensure_future(_keep_building(client, f"{builds.namespace}-next"))
    names = {f"hostile-{number}": attack for number, attack in enumerate(ATTACKS)}
    began = time.monotonic()
    try:
        places = asyncio.Semaphore(4)
        ordered = await asyncio.gather(*(_order(builds, *each, places) for each in names.items()))
        refused = dict(zip(names, ordered, strict=True))
        ended = await _until_ended(builds, refused)
    finally:
        neighbour.cancel()
        waited = await neighbour
        await client.delete(NAMESPACES, f"{builds.namespace}-next")
    pods = await client.list(
        PODS,
        work_namespace(kubectl),
        label_selector=f"venture.parpour.dev/owner-namespace={builds.namespace}",
    )
    _print(names, ended, waited, len(pods), time.monotonic() - began)
    assert {name: told for name, told in ended.items() if _is_wrong(names[name], told)} == {}
    assert max(waited) < NEIGHBOUR_WITHIN_SECONDS
    assert await _operators(client) == before
    unexplained = [
        pod["metadata"]["name"]
        for pod in pods
        for status in pod["status"].get("containerStatuses", [{}])
        if status.get("state", {}).get("terminated", {}).get("reason") not in {"Completed", "Error"}
    ]
    assert unexplained == []


async def _order(builds: Builds, name: str, attack: str, places: asyncio.Semaphore) -> str:
    """Create a build, by whichever of the ways to hand a document in can carry it.

    Returns what the API said where it took not even the upload.
    """
    try:
        async with places:
            await _create(builds, name, attack)
    except UploadRefusedError as error:
        return f"Refused: {error}"
    return ""


async def _create(builds: Builds, name: str, attack: str) -> None:
    content, target, assets = ATTACKS[attack]()
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    known = isinstance(content, dict) and content.get("kind") in DOCUMENTS
    if known and len(text) <= INLINE_BYTES:
        source: Body = {"inline": content}
    else:
        source = {"objectRef": await upload(builds, text)}
    spec: Body = {"target": target, "source": source}
    if assets:
        uploaded = {data: await upload(builds, data) for data in set(assets.values())}
        spec["assets"] = [
            {"name": each, "objectRef": uploaded[data]} for each, data in assets.items()
        ]
    await builds.create(name, **spec)


async def _until_ended(builds: Builds, refused: dict[str, str]) -> dict[str, str]:
    """Wait until each build has come to its end; return what it says."""
    ended = {name: words for name, words in refused.items() if words}

    async def look() -> int:
        for name in refused.keys() - ended.keys():
            body = await builds.get(name)
            for kind in ("Ready", "Stalled"):
                found = condition(body, kind)
                if found.get("status") == "True":
                    ended[name] = f"{kind} {found['reason']}: {found.get('message', '')}"
        return len(ended)

    await patiently(look, lambda count: count == len(refused), within_seconds=WITHIN_SECONDS)
    return ended


def _is_wrong(attack: str, told: str) -> bool:
    """Say whether a build ended otherwise than its document does on any machine."""
    if told.startswith("Refused"):
        return "InputTooLarge" not in ENDINGS[attack]
    if ENDINGS[attack].startswith("built"):
        return not told.startswith("Ready")
    reason, _, message = told.removeprefix("Stalled ").partition(": ")
    return (
        not told.startswith("Stalled")
        or len(message) < SHORTEST_MESSAGE
        or reason in {"InternalError", "DeadlineExceeded", "OutOfMemory"}
    )


async def _keep_building(client: KubernetesClient, namespace: str) -> list[float]:
    """Build a deck of another namespace again and again until cancelled; return the seconds."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    await client.create(NAMESPACES, body)
    builds = Builds(client, namespace)
    took: list[float] = []
    try:
        while True:
            began = time.monotonic()
            await builds.create(f"deck-{len(took)}")
            await builds.until(f"deck-{len(took)}", "Ready", within_seconds=300)
            took.append(time.monotonic() - began)
            await asyncio.sleep(NEIGHBOUR_EVERY_SECONDS)
    except asyncio.CancelledError:
        return took


async def _operators(client: KubernetesClient) -> list[tuple[str, int]]:
    """Return the operator's pods and how often each was started again."""
    pods = await client.list(PODS, operatorpods.NAMESPACE, label_selector=operatorpods.SELECTOR)
    return sorted(
        (
            pod["metadata"]["name"],
            sum(s["restartCount"] for s in pod["status"]["containerStatuses"]),
        )
        for pod in pods
    )


def _print(
    names: dict[str, str], ended: dict[str, str], waited: list[float], pods: int, took: float
) -> None:
    for name, attack in names.items():
        print(f"{attack:52} {ended[name][:200]}")
    slowest, middle = max(waited), sorted(waited)[len(waited) // 2]
    print(
        f"{len(ended)} builds ended within {took:.0f} s with {pods} pods; the neighbour's "
        f"{len(waited)} took {middle:.1f} s in the middle, {slowest:.1f} s at most"
    )
