"""ArtifactBuilds as a test makes them and waits for them."""

import secrets
from typing import TYPE_CHECKING, Any

from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed
from venture_core.kubernetes.resources import ARTIFACT_BUILDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]


class Builds:
    """ArtifactBuilds of the test's namespace."""

    def __init__(self, client: KubernetesClient, namespace: str) -> None:
        self.client = client
        self.namespace = namespace

    async def create(self, name: str, **spec: object) -> Body:
        """Create a build of a deck that nobody built before, unless `spec` says otherwise."""
        body = {
            "apiVersion": ARTIFACT_BUILDS.api_version,
            "kind": ARTIFACT_BUILDS.kind,
            "metadata": {"name": name},
            "spec": {"target": "Pptx", "source": {"inline": unique_deck()}} | spec,
        }
        return await self.client.create(ARTIFACT_BUILDS, body, self.namespace, strict=True)

    async def patch(self, name: str, **spec: object) -> None:
        """Change fields of the build's spec."""
        await self.client.patch(ARTIFACT_BUILDS, name, {"spec": spec}, self.namespace)

    async def get(self, name: str) -> Body:
        """Return the build."""
        body = await self.client.get(ARTIFACT_BUILDS, name, self.namespace)
        assert body is not None
        return body

    async def until(
        self, name: str, kind: str, status: str = "True", *, within_seconds: float = 60
    ) -> Body:
        """Wait until a condition has that status; return the build."""
        return await patiently(
            lambda: self.get(name),
            lambda body: condition(body, kind).get("status") == status,
            within_seconds=within_seconds,
        )


def unique_deck(slides: int = 1) -> Body:
    """Return a document whose cache key nobody has."""
    title = f"Deck {secrets.token_hex(8)}"
    pages = [{"type": "title", "title": f"{title} {number}"} for number in range(slides)]
    return {"kind": "SlideSpec", "version": 1, "title": title, "slides": pages}


def condition(body: Body, kind: str) -> Body:
    """Return a condition of an object, empty where it has none of that type."""
    found: list[Body] = body.get("status", {}).get("conditions", [])
    return next((each for each in found if each["type"] == kind), {})


async def patiently[T](
    look: Callable[[], Awaitable[T]], good: Callable[[T], bool], *, within_seconds: float = 60
) -> T:
    """Look again until it is good; fail with what was seen last."""

    async def once() -> T:
        return await look()

    retrying = AsyncRetrying(
        retry=retry_if_result(lambda seen: not good(seen)),
        wait=wait_fixed(0.2),
        stop=stop_after_delay(within_seconds),
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )
    seen: T = await retrying(once)
    assert good(seen), f"after {within_seconds} s it still is {seen}"
    return seen
