"""Objects of any kind in the cluster: found, listed, watched, changed, deleted."""

import asyncio
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.lenient import (
    read_event_leniently,
    read_list_leniently,
    read_object_leniently,
)

from venture_cli.domain.noun import going_on, stalled_error
from venture_cli.domain.standing import State, standing, text_at
from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection

    from venture_core.kubernetes.client import KubernetesClient, Table

    from venture_cli.domain.noun import Noun
    from venture_cli.services.session import Session

type Body = dict[str, Any]

LOOK_AGAIN_SECONDS: Final = 1.0
"""Pause before asking again after the API server broke off."""
DELETION_SECONDS: Final = 30.0
AT_ONCE: Final = 8
"""How many objects are changed at the same time."""


async def get_object(client: KubernetesClient, noun: Noun, namespace: str, name: str) -> Body:
    """Return the object. CliError (not found) where there is none."""
    body = await client.get(noun.resource, name, namespace, read=read_object_leniently)
    if body is None:
        raise CliError(
            f"there is no {noun.resource.kind} {name} in the namespace {namespace}",
            ExitCode.NOT_FOUND,
            next_step=hint(noun.name, "list", namespace=namespace),
        )
    return body


async def tabulate(
    client: KubernetesClient, noun: Noun, namespace: str | None, phase: str | None
) -> Table:
    """Return the objects of a namespace (None: of all) as the server tabulates them."""
    return await client.table(noun.resource, namespace, field_selector=_of_phase(phase))


async def list_objects(
    client: KubernetesClient, noun: Noun, namespace: str | None, phase: str | None
) -> list[Body]:
    """Return the objects of a namespace (None: of all), those in that phase if one is named."""
    pages = client.pages(
        noun.resource, namespace, field_selector=_of_phase(phase), read=read_list_leniently
    )
    return [body async for page in pages for body in page]


async def list_stalled(
    client: KubernetesClient, noun: Noun, namespace: str | None, reasons: Collection[str]
) -> list[Body]:
    """Return the objects that stalled, for one of those reasons where any is given."""
    wanted = {each.lower() for each in reasons}
    found = []
    for body in await list_objects(client, noun, namespace, None):
        now = standing(body)
        if now.state is State.STALLED and (not wanted or now.reason.lower() in wanted):
            found.append(body)
    return found


def _of_phase(phase: str | None) -> str:
    return f"status.phase={phase}" if phase else ""


async def change_spec(
    client: KubernetesClient, noun: Noun, namespace: str, name: str, spec: Body
) -> Body:
    """Merge into the spec of an object. CliError (not found) where there is none."""
    await get_object(client, noun, namespace, name)
    return await client.patch(noun.resource, name, {"spec": spec}, namespace)


async def change_all(
    client: KubernetesClient,
    noun: Noun,
    bodies: list[Body],
    spec: Body,
    on_change: Callable[[Body], None],
) -> list[str]:
    """Merge into the spec of many objects; return what failed, a sentence each.

    `on_change` sees each object that was changed. One that fails does not keep the others.
    """
    turn = asyncio.Semaphore(AT_ONCE)
    failures: list[str] = []

    async def change(body: Body) -> None:
        namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
        async with turn:
            try:
                await client.patch(noun.resource, name, {"spec": spec}, namespace)
            except KubernetesError as error:
                failures.append(f"{namespace}/{name}: {error.message}")
            else:
                on_change(body)

    await asyncio.gather(*map(change, bodies))
    return failures


async def delete_object(client: KubernetesClient, noun: Noun, namespace: str, name: str) -> None:
    """Delete an object with what it owns. CliError where there is none."""
    await get_object(client, noun, namespace, name)
    await client.delete(noun.resource, name, namespace)


async def delete_and_wait(client: KubernetesClient, noun: Noun, namespace: str, name: str) -> None:
    """Delete an object if there is one, and wait until its name is free."""
    await client.delete(noun.resource, name, namespace)
    try:
        async with asyncio.timeout(DELETION_SECONDS):
            # Most are gone at once; a watch for the others would be more machinery than it saves.
            while await client.get(noun.resource, name, namespace) is not None:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise CliError(
            f"{name} in {namespace} is still being deleted: a finalizer holds it",
            ExitCode.TIMEOUT,
            next_step=f"See who: kubectl get {noun.resource.plural} "
            f"{name} -n {namespace} -o jsonpath='{{.metadata.finalizers}}'",
        ) from None


async def follow(
    session: Session, noun: Noun, body: Body, seconds: float, on_change: Callable[[Body], None]
) -> Body:
    """Wait until the object is ready; `on_change` sees each state on the way.

    CliError where it stalled, where `seconds` passed, or where Ctrl-C was pressed: it goes on, and
    the error says how to look again.
    """
    latest = body

    def notice(seen: Body) -> None:
        nonlocal latest
        latest = seen
        on_change(seen)

    name = text_at(body, "metadata", "name")
    try:
        async with asyncio.timeout(seconds):
            ended = await wait_for_object(await session.client(), noun, body, notice)
    except TimeoutError:
        now = standing(latest)
        message = f"{name} was not ready within {seconds:.0f} s and goes on: {now.sentence()}"
        raise CliError(message, ExitCode.TIMEOUT, next_step=going_on(noun, latest, now)) from None
    except asyncio.CancelledError:
        # How asyncio says Ctrl-C.
        message = f"interrupted; {name} goes on in the cluster"
        raise CliError(message, ExitCode.INTERRUPTED, next_step=noun.hint("wait", body)) from None
    if standing(ended).state is State.STALLED:
        raise stalled_error(noun, ended)
    return ended


async def wait_for_object(
    client: KubernetesClient, noun: Noun, body: Body, on_change: Callable[[Body], None]
) -> Body:
    """Watch until the object is ready or stalled; `on_change` sees each state on the way.

    Outages of the API server are waited out; the caller bounds the time. CliError (not found)
    where the object is deleted.
    """
    async with aclosing(_states(client, noun, body)) as states:
        async for state in states:
            on_change(state)
            if standing(state).is_final:
                return state
    raise AssertionError("the states of an object never end")


async def _states(client: KubernetesClient, noun: Noun, body: Body) -> AsyncGenerator[Body]:
    """Yield the object as it is and as it becomes. CliError (not found) once it is deleted."""
    # Whoever does not wait does without it: importing it takes longer than asking.
    import aiohttp

    metadata = body["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    while True:
        if body["metadata"]["uid"] != metadata["uid"]:
            raise _deleted(name, namespace)
        yield body
        try:
            async with aclosing(_watch(client, noun, body)) as events:
                async for kind, changed in events:
                    if kind == "DELETED":
                        raise _deleted(name, namespace)
                    yield changed
        except (aiohttp.ClientError, TimeoutError, KubernetesError) as error:
            if not _passes(error):
                raise
        body = await _look_again(client, noun, namespace, name)


def _watch(client: KubernetesClient, noun: Noun, body: Body) -> AsyncGenerator[tuple[str, Body]]:
    metadata = body["metadata"]
    events = client.watch(
        noun.resource,
        metadata["namespace"],
        field_selector=f"metadata.name={metadata['name']}",
        resource_version=metadata["resourceVersion"],
        read=read_event_leniently,
    )
    return cast("AsyncGenerator[tuple[str, Body]]", events)


def _passes(error: Exception) -> bool:
    """Whether reading the object again helps: after an outage, or where the watch is too old."""
    if isinstance(error, KubernetesError):
        return error.retryable or error.status == HTTPStatus.GONE
    return True


async def _look_again(client: KubernetesClient, noun: Noun, namespace: str, name: str) -> Body:
    while True:
        try:
            body = await client.get(noun.resource, name, namespace, read=read_object_leniently)
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
