"""ArtifactBuilds in the cluster: created with all they read, watched, changed, deleted."""

import asyncio
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast

import aiohttp
from venture_core.kubernetes.errors import AlreadyExistsError, KubernetesError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, CONFIG_MAPS

from venture_cli.domain.outcome import parse_build, standing
from venture_cli.domain.plan import (
    config_map_body,
    held_back,
    is_held_back,
    is_owned_by,
    is_same_request,
    release,
)
from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from venture_core.kubernetes.client import Body, KubernetesClient
    from venture_core.objectstore import ObjectStore
    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

    from venture_cli.domain.plan import BuildPlan, Upload

LOOK_AGAIN_SECONDS: Final = 1.0
"""Pause before asking again after the API server broke off."""
DELETION_SECONDS: Final = 30.0


async def get_build(client: KubernetesClient, namespace: str, name: str) -> Body:
    """Return the object. CliError (not found) where there is none."""
    body = await client.get(ARTIFACT_BUILDS, name, namespace)
    if body is None:
        raise CliError(
            f"there is no ArtifactBuild {name} in the namespace {namespace}",
            ExitCode.NOT_FOUND,
            next_step=hint("artifact", "list", "-A"),
        )
    return body


async def list_builds(
    client: KubernetesClient, namespace: str | None, phase: str | None
) -> list[Body]:
    """Return the builds of a namespace (None: of all), those in that phase if one is named."""
    selector = f"status.phase={phase}" if phase else ""
    return await client.list(ARTIFACT_BUILDS, namespace, field_selector=selector)


async def upload_inputs(bucket: ObjectStore, namespace: str, uploads: tuple[Upload, ...]) -> None:
    """Put what a build reads where builds of that namespace may read; the same bytes only once."""
    for upload in uploads:
        key = f"inputs/{namespace}/{upload.key}"
        known = await bucket.head(key)
        if known is None or known.size_bytes != len(upload.data):
            await bucket.put(key, upload.data, media_type=upload.media_type)


async def create_build(client: KubernetesClient, plan: BuildPlan, *, replace: bool) -> Body:
    """Create the build with its ConfigMap, or return the one that asks for the same already.

    `replace` deletes a build of that name first. CliError where another one is in the way.
    """
    metadata = plan.body["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    if replace:
        await _delete_and_wait(client, namespace, name)
    try:
        return await _create(client, plan, namespace)
    except AlreadyExistsError:
        existing = await get_build(client, namespace, name)
    if not is_same_request(plan.body, existing):
        raise CliError(
            f"{name} exists in {namespace} and builds something else",
            next_step="Choose another --name, or give --replace to delete that build first.",
        )
    return await _attach_document(client, existing, plan)


async def _create(client: KubernetesClient, plan: BuildPlan, namespace: str) -> Body:
    if plan.config_map is None:
        return await client.create(ARTIFACT_BUILDS, plan.body, namespace, strict=True)
    build = await client.create(ARTIFACT_BUILDS, held_back(plan.body), namespace, strict=True)
    try:
        return await _attach_document(client, build, plan)
    except KubernetesError:
        await client.delete(ARTIFACT_BUILDS, build["metadata"]["name"], namespace)
        raise


async def _attach_document(client: KubernetesClient, build: Body, plan: BuildPlan) -> Body:
    """Create the ConfigMap of a build that is held back for it, then let the build start."""
    metadata = build["metadata"]
    if plan.config_map is None or not is_held_back(build):
        return build
    wanted = config_map_body(build, plan.config_map)
    name, namespace = wanted["metadata"]["name"], metadata["namespace"]
    existing = await client.get(CONFIG_MAPS, name, namespace)
    if existing is not None and not is_owned_by(existing, metadata["uid"]):
        # It belongs to a build of this name that was deleted, and is about to go itself.
        await client.delete(CONFIG_MAPS, name, namespace)
        existing = None
    if existing is None:
        await client.create(CONFIG_MAPS, wanted, namespace)
    return await client.patch(ARTIFACT_BUILDS, metadata["name"], release(plan.body), namespace)


async def _delete_and_wait(client: KubernetesClient, namespace: str, name: str) -> None:
    await client.delete(ARTIFACT_BUILDS, name, namespace)
    try:
        async with asyncio.timeout(DELETION_SECONDS):
            # Most are gone at once; a watch for the others would be more machinery than it saves.
            while await client.get(ARTIFACT_BUILDS, name, namespace) is not None:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise CliError(
            f"{name} in {namespace} is still being deleted: a finalizer holds it",
            ExitCode.TIMEOUT,
            next_step="See who: kubectl get artifactbuild "
            f"{name} -n {namespace} -o jsonpath='{{.metadata.finalizers}}'",
        ) from None


async def wait_for_build(
    client: KubernetesClient, body: Body, on_change: Callable[[ArtifactBuild], None]
) -> ArtifactBuild:
    """Watch until the build is ready or stalled; `on_change` sees each state on the way.

    Outages of the API server are waited out; the caller bounds the time. CliError (not found)
    where the build is deleted.
    """
    async with aclosing(_states(client, body)) as states:
        async for state in states:
            build = parse_build(state)
            on_change(build)
            if standing(build).is_final:
                return build
    raise AssertionError("the states of a build never end")


async def _states(client: KubernetesClient, body: Body) -> AsyncGenerator[Body]:
    """Yield the build as it is and as it becomes. CliError (not found) once it is deleted."""
    metadata = body["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    while True:
        if body["metadata"]["uid"] != metadata["uid"]:
            raise _deleted(name, namespace)
        yield body
        try:
            async with aclosing(_watch(client, body)) as events:
                async for kind, changed in events:
                    if kind == "DELETED":
                        raise _deleted(name, namespace)
                    yield changed
        except (aiohttp.ClientError, TimeoutError, KubernetesError) as error:
            if not _passes(error):
                raise
        body = await _look_again(client, namespace, name)


def _watch(client: KubernetesClient, body: Body) -> AsyncGenerator[tuple[str, Body]]:
    metadata = body["metadata"]
    events = client.watch(
        ARTIFACT_BUILDS,
        metadata["namespace"],
        field_selector=f"metadata.name={metadata['name']}",
        resource_version=metadata["resourceVersion"],
    )
    return cast("AsyncGenerator[tuple[str, Body]]", events)


def _passes(error: Exception) -> bool:
    """Whether reading the object again helps: after an outage, or where the watch is too old."""
    if isinstance(error, KubernetesError):
        return error.retryable or error.status == HTTPStatus.GONE
    return True


async def _look_again(client: KubernetesClient, namespace: str, name: str) -> Body:
    while True:
        try:
            body = await client.get(ARTIFACT_BUILDS, name, namespace)
        except KubernetesError as error:
            if not _passes(error):
                raise
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            continue
        if body is None:
            raise _deleted(name, namespace)
        return body


def _deleted(name: str, namespace: str) -> CliError:
    return CliError(f"{name} in {namespace} was deleted while we waited for it", ExitCode.NOT_FOUND)


async def change_build(client: KubernetesClient, namespace: str, name: str, spec: Body) -> Body:
    """Merge into the spec of a build; only `suspend` and `retry` can change."""
    await get_build(client, namespace, name)
    return await client.patch(ARTIFACT_BUILDS, name, {"spec": spec}, namespace)


async def delete_build(client: KubernetesClient, namespace: str, name: str) -> None:
    """Delete a build with its Job; artifacts stay in the store. CliError where there is none."""
    await get_build(client, namespace, name)
    await client.delete(ARTIFACT_BUILDS, name, namespace)
