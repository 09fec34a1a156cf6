"""The command line creates builds and waits for them, on a real API server."""

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from builds import Builds, patiently, unique_deck
from clibuilds import Body, report
from installations import read_kubeconfig, write_kubeconfig
from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.documents import read_source
from venture_cli.domain.plan import BuildOptions, BuildPlan, config_map_body, plan_build
from venture_cli.domain.standing import standing
from venture_cli.errors import CliError, ExitCode
from venture_cli.services.builds import create_build
from venture_cli.services.objects import wait_for_object
from venture_core.artifacts.limits import INLINE_MAX_BYTES
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, CONFIG_MAPS
from venture_operator.domain import conditions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def plan(namespace: str, body: Body, **options: Any) -> BuildPlan:
    source = read_source(json.dumps(body).encode(), "deck.json")
    given = BuildOptions(namespace=namespace, **options)
    return plan_build(source, given, origin="deck.json", default_namespace="default")


def large_deck() -> Body:
    deck = unique_deck(20)
    for slide in deck["slides"]:
        slide["notes"] = "n" * 3900
    return deck


class TestCreate:
    """Creating is safe to repeat and never overwrites."""

    async def test_the_same_request_is_taken_over(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, unique_deck())
        first = await create_build(client, wanted, replace=False)
        again = await create_build(client, wanted, replace=False)
        assert again["metadata"]["uid"] == first["metadata"]["uid"]

    async def test_another_request_is_refused_and_replaces_only_if_told(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        first = await create_build(client, plan(namespace, unique_deck()), replace=False)
        other = plan(namespace, unique_deck())
        with pytest.raises(CliError, match="builds something else") as caught:
            await create_build(client, other, replace=False)
        assert "--replace" in caught.value.next_step
        second = await create_build(client, other, replace=True)
        assert second["metadata"]["uid"] != first["metadata"]["uid"]

    async def test_a_large_document_is_owned_by_its_build(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        assert wanted.config_map is not None
        assert len(wanted.config_map) > INLINE_MAX_BYTES
        build = await create_build(client, wanted, replace=False)
        assert "suspend" not in build["spec"]
        name = build["spec"]["source"]["configMapRef"]["name"]
        config_map = await client.get(CONFIG_MAPS, name, namespace)
        assert config_map is not None
        assert config_map["data"]["ir.json"].encode() == wanted.config_map
        assert config_map["metadata"]["ownerReferences"][0]["uid"] == build["metadata"]["uid"]

    async def test_nobody_is_said_to_have_suspended_it(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        answer = await client.request("GET", "artifactbuilds", ARTIFACT_BUILDS.path(namespace))
        build = await create_build(client, plan(namespace, large_deck()), replace=False)
        events = client.watch(
            ARTIFACT_BUILDS,
            namespace,
            resource_version=answer["metadata"]["resourceVersion"],
            timeout_seconds=1,
        )
        seen = [body async for kind, body in events if kind in {"ADDED", "MODIFIED"}]
        assert [each["metadata"]["uid"] for each in seen] == [build["metadata"]["uid"]]
        assert "suspend" not in seen[0]["spec"]
        assert seen[0]["metadata"]["generation"] == 1

    async def test_an_interrupted_creation_is_completed(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        assert wanted.config_map is not None
        left = config_map_body(wanted.body, wanted.config_map)
        await client.create(CONFIG_MAPS, left, namespace)
        build = await create_build(client, wanted, replace=False)
        kept = await client.get(CONFIG_MAPS, left["metadata"]["name"], namespace)
        assert kept is not None
        assert kept["metadata"]["ownerReferences"][0]["uid"] == build["metadata"]["uid"]

    async def test_what_the_server_refuses_leaves_no_document(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        wanted.body["spec"]["timeoutSeconds"] = 1
        with pytest.raises(KubernetesError, match="should be greater than or equal to 10"):
            await create_build(client, wanted, replace=False)
        assert await client.list(CONFIG_MAPS, namespace) == []

    async def test_somebody_elses_config_map_is_not_taken(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        assert wanted.config_map is not None
        other = config_map_body(wanted.body, wanted.config_map) | {"data": {"ir.json": "{}"}}
        await client.create(CONFIG_MAPS, other, namespace)
        with pytest.raises(CliError, match="holds something else"):
            await create_build(client, wanted, replace=False)

    async def test_who_suspends_a_build_decides_when_it_goes_on(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        build = await create_build(client, wanted, replace=False)
        name = build["metadata"]["name"]
        await client.patch(ARTIFACT_BUILDS, name, {"spec": {"suspend": True}}, namespace)
        again = await create_build(client, wanted, replace=False)
        assert again["spec"]["suspend"] is True

    async def test_a_document_that_outlives_its_build_is_in_nobodys_way(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        await create_build(client, wanted, replace=False)
        # No garbage collector runs here, so the ConfigMap stays.
        build = await create_build(client, wanted, replace=True)
        name = build["spec"]["source"]["configMapRef"]["name"]
        config_map = await client.get(CONFIG_MAPS, name, namespace)
        assert config_map is not None
        assert config_map["metadata"]["ownerReferences"][0]["uid"] == build["metadata"]["uid"]

    async def test_what_the_schema_refuses_is_told_in_its_words(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, unique_deck())
        wanted.body["spec"]["timeoutSeconds"] = 1
        with pytest.raises(KubernetesError, match="should be greater than or equal to 10"):
            await create_build(client, wanted, replace=False)


class TestWait:
    """Waiting sees each state, survives outages, and ends with the build."""

    async def test_each_state_is_seen_until_the_last(self, builds: Builds) -> None:
        body = await builds.create("deck")
        seen: list[str] = []

        def on_change(build: Body) -> None:
            seen.append(standing(build).reason)

        waiting = asyncio.create_task(wait_for_object(builds.client, ARTIFACT, body, on_change))
        await patiently(lambda: _now(seen), lambda now: now == ["Pending"])
        await report(builds, "deck", conditions.working("Compiling", "attempt 1"))
        await patiently(lambda: _now(seen), lambda now: "Compiling" in now)
        await report(builds, "deck", conditions.stalled("GateFailed", "slide 1 is empty"))
        build = await asyncio.wait_for(waiting, 60)
        assert seen == ["Pending", "Compiling", "GateFailed"]
        assert standing(build).message == "slide 1 is empty"

    async def test_a_watch_that_is_too_old_is_begun_anew(self, builds: Builds) -> None:
        body = await builds.create("deck")
        await report(builds, "deck", conditions.ready("Built", ""))
        body["metadata"]["resourceVersion"] = "1"
        with pytest.raises(KubernetesError) as caught:
            async for _ in builds.client.watch(
                ARTIFACT_BUILDS, builds.namespace, resource_version="1"
            ):
                pass
        assert caught.value.status == 410
        build = await asyncio.wait_for(
            wait_for_object(builds.client, ARTIFACT, body, lambda _: None), timeout=60
        )
        assert standing(build).reason == "Built"

    async def test_a_build_that_is_deleted_ends_the_wait(self, builds: Builds) -> None:
        body = await builds.create("deck")
        waiting = asyncio.create_task(
            wait_for_object(builds.client, ARTIFACT, body, lambda _: None)
        )
        await asyncio.sleep(0.5)
        await builds.client.delete(ARTIFACT_BUILDS, "deck", builds.namespace)
        with pytest.raises(CliError, match="was deleted while we waited") as caught:
            await asyncio.wait_for(waiting, 60)
        assert caught.value.code is ExitCode.NOT_FOUND

    async def test_its_successor_is_another_build(self, builds: Builds) -> None:
        body = await builds.create("deck")
        await builds.client.delete(ARTIFACT_BUILDS, "deck", builds.namespace)
        await builds.create("deck")
        body["metadata"]["resourceVersion"] = "1"
        with pytest.raises(CliError, match="was deleted while we waited"):
            await asyncio.wait_for(
                wait_for_object(builds.client, ARTIFACT, body, lambda _: None), 10
            )

    async def test_an_outage_is_waited_out(
        self, builds: Builds, api_server: Path, tmp_path: Path
    ) -> None:
        async with wire(api_server, tmp_path) as (kubeconfig, cut):
            body = await builds.create("deck")
            async with KubernetesClient.from_kubeconfig(str(kubeconfig)) as client:
                waiting = asyncio.create_task(
                    wait_for_object(client, ARTIFACT, body, lambda _: None)
                )
                await asyncio.sleep(0.5)
                restore = await cut()
                await report(builds, "deck", conditions.ready("Built", ""))
                await asyncio.sleep(2)
                assert not waiting.done()
                await restore()
                build = await asyncio.wait_for(waiting, 60)
        assert standing(build).reason == "Built"


async def _now(seen: list[str]) -> list[str]:
    return list(seen)


@asynccontextmanager
async def wire(kubeconfig: Path, folder: Path) -> AsyncIterator[tuple[Path, Any]]:
    """Yield a kubeconfig that reaches the API server over a wire, and what cuts the wire."""
    config = read_kubeconfig(kubeconfig)
    url = urlsplit(config["clusters"][0]["cluster"]["server"])
    writers: set[asyncio.StreamWriter] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # the wire was cut: that is the test
        finally:
            writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(url.hostname, url.port)
        writers.update((writer, far_writer))
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def cut() -> Any:
        nonlocal server
        server.close()
        for writer in writers:
            writer.transport.abort()
        writers.clear()
        return restore

    async def restore() -> None:
        nonlocal server
        server = await asyncio.start_server(accept, "127.0.0.1", port)

    server_here = f"{url.scheme}://127.0.0.1:{port}"
    path = write_kubeconfig(config, folder / "wired.kubeconfig", server=server_here)
    try:
        yield path, cut
    finally:
        await cut()
