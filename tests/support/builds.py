"""ArtifactBuilds as a test makes them and waits for them."""

import secrets
from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.resources import ARTIFACT_BUILDS
from waiting import patiently

if TYPE_CHECKING:
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


def deck(title: str) -> Body:
    """Return a document of one slide."""
    slides = [{"type": "title", "title": title}]
    return {"kind": "SlideSpec", "version": 1, "title": title, "slides": slides}


def condition(body: Body, kind: str) -> Body:
    """Return a condition of an object, empty where it has none of that type."""
    found: list[Body] = body.get("status", {}).get("conditions", [])
    return next((each for each in found if each["type"] == kind), {})
