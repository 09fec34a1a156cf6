"""PolicyBundles by a running operator: published, kept by their hash, and never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from policybundles import bundle, manifest
from venture_core.events.envelope import Service
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import POLICY_BUNDLES
from venture_core.policy.compile import compile_bundle
from venture_core.record.bundles import BundleNotFoundError, Bundles
from waiting import patiently

if TYPE_CHECKING:
    from operatorprocess import OperatorProcess
    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient

type Json = dict[str, Any]


async def settled(client: KubernetesClient, namespace: str, name: str, phase: str) -> Json:
    async def look() -> Json:
        return await client.get(POLICY_BUNDLES, name, namespace) or {}

    return await patiently(look, lambda body: body.get("status", {}).get("phase") == phase)


async def test_a_bundle_is_published_and_kept_by_its_hash_for_ever(
    client: KubernetesClient, namespace: str, operator: OperatorProcess, database: SecretStr
) -> None:
    del operator
    await client.create(POLICY_BUNDLES, manifest(state="Draft"), namespace)
    await settled(client, namespace, "default", "Draft")
    publish = {"spec": {"state": "Published"}}
    await client.patch(POLICY_BUNDLES, "default", publish, namespace)
    body = await settled(client, namespace, "default", "Published")
    hash_ = compile_bundle(bundle()).hash
    assert body["status"]["contentHash"] == hash_

    with pytest.raises(KubernetesError, match="roles cannot change once the bundle is published"):
        await client.patch(POLICY_BUNDLES, "default", {"spec": {"roles": []}}, namespace)
    await client.delete(POLICY_BUNDLES, "default", namespace)
    for service in (Service.POLICY_ENGINE, Service.TREASURY_API):
        bundles = Bundles(database, service=service, name="test")
        assert (await bundles.snapshot(hash_)).hash == hash_
        with pytest.raises(BundleNotFoundError):
            await bundles.snapshot("sha256:" + "0" * 64)
        await bundles.close()
    connection = await asyncpg.connect(database.get_secret_value())
    query = "SELECT count(*) FROM record.events WHERE canonical::text LIKE $1"
    pattern = "%" + b"policy.bundle.published.v1".hex() + "%"
    assert await connection.fetchval(query, pattern) == 1
    await connection.close()


async def test_a_bundle_that_cannot_be_compiled_says_where(
    client: KubernetesClient, namespace: str, operator: OperatorProcess
) -> None:
    del operator
    rule = {"id": "odd", "appliesTo": ["ToolCall"], "action": "Deny", "message": "m"}
    body = manifest("odd", rules=[rule | {"when": "args.list.exists(x, x == 1)"}])
    await client.create(POLICY_BUNDLES, body, namespace)
    found = await settled(client, namespace, "odd", "Invalid")
    stalled = next(each for each in found["status"]["conditions"] if each["type"] == "Stalled")
    assert "rules[0].when at 1:17: exists is no part of rules" in stalled["message"]
