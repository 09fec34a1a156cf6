"""ArtifactBuilds created with all that they read: first what they read, then the build, once."""

from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.errors import AlreadyExistsError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, CONFIG_MAPS

from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.plan import (
    adoption,
    config_map_body,
    holds,
    is_same_request,
    owner_uids,
)
from venture_cli.errors import CliError
from venture_cli.services.objects import delete_and_wait, get_object

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient

    from venture_cli.domain.plan import BuildPlan
    from venture_cli.services.session import Session

type Body = dict[str, Any]


async def start_build(session: Session, plan: BuildPlan, *, replace: bool) -> Body:
    """Upload what the build reads and create it; return the object."""
    if plan.uploads:
        namespace = plan.body["metadata"]["namespace"]
        content = await session.content()
        for upload in plan.uploads:
            await content.upload(namespace, upload.plural, upload.sha256, upload.data)
    return await create_build(await session.client(), plan, replace=replace)


async def create_build(client: KubernetesClient, plan: BuildPlan, *, replace: bool) -> Body:
    """Create the build with its ConfigMap, or return the one that asks for the same already.

    `replace` deletes a build of that name first. CliError where another one is in the way.
    """
    metadata = plan.body["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    if replace:
        await delete_and_wait(client, ARTIFACT, namespace, name)
    existing = await client.get(ARTIFACT_BUILDS, name, namespace)
    if existing is None:
        try:
            return await _create(client, plan, namespace)
        except AlreadyExistsError:
            existing = await get_object(client, ARTIFACT, namespace, name)
    if not is_same_request(plan.body, existing):
        raise CliError(
            f"{name} exists in {namespace} and builds something else",
            next_step="Choose another --name, or give --replace to delete that build first.",
        )
    return existing


async def _create(client: KubernetesClient, plan: BuildPlan, namespace: str) -> Body:
    """Create the ConfigMap, then the build as it shall be, then let the build own the ConfigMap.

    Whoever created the build first and held it back until its document is there would have the
    record say that it was suspended and resumed, which nobody asked for. Interrupted, a ConfigMap
    may be left; the next attempt takes it over.
    """
    if plan.config_map is None:
        return await client.create(ARTIFACT_BUILDS, plan.body, namespace, strict=True)
    # A build that the server would refuse leaves nothing behind.
    await client.create(ARTIFACT_BUILDS, plan.body, namespace, strict=True, dry_run=True)
    name = await _put_document(client, plan.body, plan.config_map, namespace)
    build = await client.create(ARTIFACT_BUILDS, plan.body, namespace, strict=True)
    await client.patch(CONFIG_MAPS, name, adoption(build), namespace)
    return build


async def _put_document(
    client: KubernetesClient, build: Body, document: bytes, namespace: str
) -> str:
    """Have a ConfigMap with the document that goes with no other build; return its name."""
    wanted = config_map_body(build, document)
    name: str = wanted["metadata"]["name"]
    existing = await client.get(CONFIG_MAPS, name, namespace)
    if existing is not None and owner_uids(existing):
        # It belongs to a build of this name that was deleted, and is about to go itself.
        await client.delete(CONFIG_MAPS, name, namespace)
        existing = None
    if existing is None:
        try:
            await client.create(CONFIG_MAPS, wanted, namespace)
        except AlreadyExistsError:
            existing = await client.get(CONFIG_MAPS, name, namespace)
    if existing is not None and not holds(existing, document):
        raise CliError(
            f"the ConfigMap {name} in {namespace} holds something else",
            next_step=f"See whose it is: kubectl get configmap {name} -n {namespace} -o yaml",
        )
    return name
