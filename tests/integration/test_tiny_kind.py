"""A new kind, of the public seams only, run by the real operator against a real API server."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import tinykind
from builds import condition, patiently
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tinykind import BANNERS
from venture_core.events.envelope import Service
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.errors import NotFoundError
from venture_core.kubernetes.resources import EVENTS, JOBS, NAMESPACES, Resource
from venture_crds.generator.crd import definitions
from venture_operator.factory import Operator, build_operator
from venture_operator.handlers.watches import run_watches
from venture_operator.settings import OperatorSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pydantic import SecretStr
    from venture_core.objectstore import S3Settings

type Body = dict[str, Any]

CRDS = Resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)


@pytest.fixture
async def work(client: KubernetesClient, namespace: str) -> str:
    name = f"{namespace}-work"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.create(NAMESPACES, body)
    (definition,) = definitions([tinykind.Banner])
    await client.apply(CRDS, dict(definition), field_manager="tests")

    async def served() -> bool:
        try:
            await client.list(BANNERS, namespace)
        except NotFoundError:
            return False
        return True

    await patiently(served, bool)
    return name


@pytest.fixture
async def operator(
    client: KubernetesClient,
    namespace: str,
    work: str,
    api_server: Path,
    s3_settings: S3Settings,
    database: SecretStr,
    tmp_path: Path,
) -> AsyncIterator[Operator]:
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(pem)
    settings = OperatorSettings.model_validate(
        {
            "namespace": namespace,
            "pod_name": "operator",
            "watch_namespaces": (namespace,),
            "work_namespace": work,
            "lease_name": "venture",
            "compiler_image": "localhost/none:test",
            "compiler_resources": {},
            "s3_endpoint": s3_settings.endpoint,
            "s3_region": s3_settings.region,
            "s3_bucket": s3_settings.bucket,
            "s3_access_key_id": s3_settings.access_key_id,
            "s3_secret_access_key": s3_settings.secret_access_key,
            "postgres_url": database,
            "signing_key_file": tmp_path / "key.pem",
            "VENTURE_SIGNING_KEYS_CONFIGMAP": "keys",
            "resync_seconds": 2,
        }
    )
    built = build_operator(settings, client, kinds=(tinykind.wire,))
    async with built.record.lead(writer=f"{Service.ORCHESTRATOR}/tests", epoch=1):
        running = [
            asyncio.create_task(built.resync.run()),
            asyncio.create_task(
                run_watches(
                    built.streams,
                    lambda: KubernetesClient.from_kubeconfig(str(api_server)),
                    built.resync.soon,
                )
            ),
            *(asyncio.create_task(each.run()) for each in built.controllers),
        ]
        yield built
        for task in running:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def create(client: KubernetesClient, namespace: str, name: str, text: str) -> None:
    body = tinykind.Banner(spec=tinykind.BannerSpec(text=text)).to_json()
    await client.create(BANNERS, {**body, "metadata": {"name": name}}, namespace, strict=True)


async def until(client: KubernetesClient, namespace: str, name: str, kind: str) -> Body:
    async def look() -> Body:
        found = await client.get(BANNERS, name, namespace)
        assert found is not None
        return found

    return await patiently(look, lambda body: condition(body, kind).get("status") == "True")


@pytest.mark.usefixtures("operator")
async def test_a_kind_of_its_own_runs_on_what_is_shared(
    client: KubernetesClient, namespace: str, work: str
) -> None:
    await create(client, namespace, "hello", "Hello")
    ready = await until(client, namespace, "hello", "Ready")
    types = {each["type"] for each in ready["status"]["conditions"]}
    assert types == {"Reconciling", "Stalled", "Ready"}, "a long-lived kind never succeeds"
    assert ready["status"]["observedGeneration"] == 1
    assert (ready["status"]["phase"], ready["status"]["shown"]) == ("Hanging", "Hello")
    (job,) = await client.list(JOBS, work)
    assert job["metadata"]["labels"]["venture.parpour.dev/owner"] == "hello"
    told = await patiently(lambda: client.list(EVENTS, namespace), lambda events: len(events) == 1)
    assert told[0]["reason"] == "Hung"

    await create(client, namespace, "mute", "")
    await until(client, namespace, "mute", "Reconciling")
    await create(client, namespace, "torn", "!")
    await until(client, namespace, "torn", "Stalled")
    await client.patch(BANNERS, "mute", {"spec": {"text": "Now"}}, namespace)
    await until(client, namespace, "mute", "Ready")

    await client.delete(BANNERS, "hello", namespace)
    await patiently(
        lambda: client.list(JOBS, work),
        lambda jobs: (
            [each["metadata"]["labels"]["venture.parpour.dev/owner"] for each in jobs] == ["mute"]
        ),
    )
