"""A client for an API server that holds our CRDs, and nothing of ours besides."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aiohttp
import pytest
from surroundings import REPOSITORY
from venture_core.kubernetes.connection import tls_context
from venture_core.kubernetes.kubeconfig import load_kubeconfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

GROUP_PATH = "/apis/venture.parpour.dev/v1alpha1"
ESTABLISHED_WITHIN_SECONDS = 60

type Json = dict[str, Any]
type Kubectl = Callable[..., subprocess.CompletedProcess[str]]


class RefusedError(Exception):
    """The API server said no. ``causes`` are its reasons, each with a field and a message."""

    def __init__(self, status: Json) -> None:
        super().__init__(status["message"])
        self.code: int = status["code"]
        self.causes: list[Json] = status.get("details", {}).get("causes", [])


@dataclass(frozen=True)
class Api:
    """The API server, seen from one namespace that only this test uses."""

    session: aiohttp.ClientSession
    namespace: str

    async def call(
        self,
        method: str,
        path: str,
        body: Json | list[Json] | None = None,
        *,
        content_type: str = "application/json",
        **parameters: str,
    ) -> Json:
        """Send a request; raise RefusedError with what the server says against it."""
        async with self.session.request(
            method,
            path,
            data=None if body is None else json.dumps(body),
            params=parameters,
            headers={"Content-Type": content_type},
        ) as response:
            answer: Json = await response.json(content_type=None)
        if not response.ok:
            raise RefusedError(answer)
        return answer

    def path(self, name: str = "", subresource: str = "") -> str:
        """Give the path of an ArtifactBuild of this namespace, or of all of them."""
        parts = [GROUP_PATH, "namespaces", self.namespace, "artifactbuilds", name, subresource]
        return "/".join(part for part in parts if part)

    async def create(self, body: Json, *, dry_run: bool = False) -> Json:
        """Create an ArtifactBuild. Fields that the schema does not know are an error."""
        parameters = {"dryRun": "All"} if dry_run else {}
        return await self.call("POST", self.path(), body, fieldValidation="Strict", **parameters)

    async def patch(self, name: str, body: Json, subresource: str = "") -> Json:
        """Merge ``body`` into an ArtifactBuild or its status."""
        return await self.call(
            "PATCH",
            self.path(name, subresource),
            body,
            content_type="application/merge-patch+json",
            fieldValidation="Strict",
        )

    async def set_status(self, name: str, status: Json) -> Json:
        """Make ``status`` the whole status of an ArtifactBuild."""
        return await self.call(
            "PATCH",
            self.path(name, "status"),
            [{"op": "add", "path": "/status", "value": status}],
            content_type="application/json-patch+json",
        )

    async def apply(self, name: str, body: Json, manager: str, subresource: str = "") -> Json:
        """Apply ``body`` on the server's side as the field manager ``manager``."""
        return await self.call(
            "PATCH",
            self.path(name, subresource),
            body,
            content_type="application/apply-patch+yaml",
            fieldManager=manager,
        )

    async def refusal(self, call: Awaitable[Json]) -> list[Json]:
        """Await a call that must be refused as invalid; give the causes (field, message)."""
        with pytest.raises(RefusedError) as caught:
            await call
        assert caught.value.code == HTTPStatus.UNPROCESSABLE_CONTENT, caught.value
        return caught.value.causes


@pytest.fixture(scope="session")
def kubectl(api_server: Path) -> Kubectl:
    """Run the kubectl of the API server's own version; a failure is the caller's to judge."""
    programs = subprocess.run(
        [sys.executable, str(REPOSITORY / "hack" / "cluster"), "programs", "kubernetes"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    program = Path(programs.stdout.strip()) / "kubectl"

    def run(*arguments: str, manifest: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), "--kubeconfig", str(api_server), *arguments],
            input=manifest,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def crds_installed(kubectl: Kubectl) -> None:
    """Install the committed CRDs and wait until the API server serves and explains them."""
    manifests = str(REPOSITORY / "crds" / "manifests")
    applied = kubectl("apply", "--server-side", "-f", manifests)
    assert applied.returncode == 0, applied.stderr
    waited = kubectl(
        "wait",
        "--for=condition=Established",
        f"--timeout={ESTABLISHED_WITHIN_SECONDS}s",
        "-f",
        manifests,
    )
    assert waited.returncode == 0, waited.stderr


@pytest.fixture
async def api(api_server: Path, crds_installed: None) -> AsyncIterator[Api]:
    """Open a connection to the API server, in a new namespace."""
    del crds_installed
    access = load_kubeconfig(str(api_server))
    assert access.authority is not None
    login = await access.credentials.login()
    tls = tls_context(access, access.authority.read(), login.certificate)
    async with aiohttp.ClientSession(
        base_url=access.server, connector=aiohttp.TCPConnector(ssl=tls)
    ) as session:
        api = Api(session, f"schema-{uuid4().hex[:12]}")
        await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": api.namespace}})
        yield api


@pytest.fixture
async def published(api: Api) -> Json:
    """Give the schema of ArtifactBuild as the API server publishes it, once it does."""
    deadline = asyncio.get_running_loop().time() + ESTABLISHED_WITHIN_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        index = await api.call("GET", "/openapi/v3")
        if url := index["paths"].get(GROUP_PATH.removeprefix("/")):
            document = await api.call("GET", url["serverRelativeURL"].partition("?")[0])
            schemas = document["components"]["schemas"]
            schema: Json = schemas["dev.parpour.venture.v1alpha1.ArtifactBuild"]
            return schema
        await asyncio.sleep(0.1)
    raise TimeoutError(f"the API server did not publish {GROUP_PATH}")


KEYWORDS = (
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)


def _nodes(schema: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Walk a schema: each field, list item and map value with its path: `spec.assets[].name`."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _nodes(inner, f"{path}.{name}".removeprefix("."))
    for suffix, key in (("[]", "items"), ("{}", "additionalProperties")):
        if key in schema:
            yield from _nodes(schema[key], f"{path}{suffix}")


def _constraints(schema: Json, path: str) -> Iterator[tuple[str, str, Json]]:
    """Give every constraint in a schema: the field's path, what is constrained, its schema."""
    for at, node in _nodes(schema, path):
        for keyword in KEYWORDS:
            if keyword in node:
                yield at, keyword, node
        for rule in node.get("x-kubernetes-validations", ()):
            yield at, rule["message"], node
        for key in node.get("x-kubernetes-list-map-keys", ()):
            yield at, f"unique {key}", node
        for name in node.get("required", ()):
            yield f"{at}.{name}".removeprefix("."), "required", node["properties"][name]


@pytest.fixture(scope="session")
def nodes() -> Callable[[Json, str], Iterator[tuple[str, Json]]]:
    """Give the walk over the nodes of a schema, for the modules of this folder to share."""
    return _nodes


@pytest.fixture(scope="session")
def constraints() -> Callable[[Json, str], Iterator[tuple[str, str, Json]]]:
    """Give the walk over the constraints of a schema, for the modules of this folder to share."""
    return _constraints
