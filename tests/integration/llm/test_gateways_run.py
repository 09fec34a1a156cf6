"""The programs themselves: put together, ready, asked, and stopped in time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import aiohttp
import pytest
from agenttasks import assign, assignment, token
from badprovider import Does, bad_provider, message
from policybundles import bundle
from recordservers import free_port
from serviceprograms import reach, running
from venture_core.events.envelope import Service
from venture_core.record.bundles import Bundles
from venture_llm_gateway import gateway as llm
from venture_llm_gateway.settings import GatewaySettings
from venture_tool_gateway import gateway as tools
from venture_tool_gateway.settings import ToolGatewaySettings

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import S3Settings


@pytest.fixture(autouse=True)
def in_cluster(definitions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reach(definitions, monkeypatch)


async def published(database: SecretStr) -> str:
    content = bundle()
    content["roles"][0]["models"] = [{"provider": "Anthropic", "names": ["claude-haiku-*"]}]
    content["roles"][0]["tools"] = [{"name": "io.read"}]
    operator = Bundles(database, service=Service.ORCHESTRATOR, name="tests")
    hash_ = await operator.store(content)
    await operator.close()
    return hash_


async def test_the_llm_gateway_runs(
    client: KubernetesClient, namespace: str, database: SecretStr, tmp_path: Path
) -> None:
    uid = uuid4()
    await assign(database, "research-1", assignment(uid, await published(database)))
    (tmp_path / "token").write_text("gateway")
    async with bad_provider() as provider:
        provider.does(Does(body=b"{}"))
        settings = GatewaySettings(
            pod_name="llm-gateway-0",
            api_port=free_port(),
            drain_seconds=0,
            stop_seconds=10,
            postgres_url=database,
            work_namespace=namespace,
            treasury_url="http://127.0.0.1:1",
            treasury_token_file=tmp_path / "token",
            anthropic_url=provider.url,
        )
        async with running(llm.run, settings) as url, aiohttp.ClientSession() as session:
            own = await token(client, namespace, "research-1", uid, llm.AUDIENCE)
            headers = {"x-api-key": own, "anthropic-version": "2023-06-01"}
            async with session.get(f"{url}/v1/models", headers=headers) as answer:
                names = [each["id"] for each in (await answer.json())["data"]]
            assert "claude-haiku-5-5" in names
            assert "claude-opus-5-5" not in names
            # Without the treasury nothing is spent, and no provider is asked.
            body = {"model": "claude-haiku-5-5", "max_tokens": 10, "messages": []}
            body["messages"] = [{"role": "user", "content": message()["content"]}]
            asked = session.post(f"{url}/v1/messages", json=body, headers=headers)
            async with asked as answer:
                assert answer.status == 503
                assert (await answer.json())["type"] == "error"
        assert not provider.seen


async def test_the_tool_gateway_runs(
    client: KubernetesClient, namespace: str, database: SecretStr, s3_settings: S3Settings
) -> None:
    uid = uuid4()
    given = assignment(uid, await published(database), tools=("io.read",))
    await assign(database, "research-1", given)
    secret = s3_settings.secret_access_key
    settings = ToolGatewaySettings(
        pod_name="tool-gateway-0",
        api_port=free_port(),
        drain_seconds=0,
        stop_seconds=10,
        postgres_url=database,
        work_namespace=namespace,
        s3_endpoint=s3_settings.endpoint,
        s3_region=s3_settings.region,
        s3_bucket=s3_settings.bucket,
        s3_access_key_id=s3_settings.access_key_id,
        s3_secret_access_key=secret,
    )
    async with running(tools.run, settings) as url, aiohttp.ClientSession() as session:
        own = await token(client, namespace, "research-1", uid, tools.AUDIENCE)
        body = {"callId": str(uuid4()), "arguments": {"path": "notes.md"}}
        headers = {"Authorization": f"Bearer {own}"}
        async with session.post(f"{url}/v1/tools/io.read", json=body, headers=headers) as answer:
            assert answer.status == 200
            assert await answer.json() == {"error": "there is no file notes.md"}
