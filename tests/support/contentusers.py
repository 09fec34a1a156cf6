"""Users of a cluster who ask for content, by the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from httpanswer import Answer
from venture_core.kubernetes.client import KubernetesClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from contentapi import ContentApi

ROOT = "/apis/content.venture.parpour.dev/v1alpha1"


class User:
    """A user of the cluster, who asks by the API server."""

    def __init__(self, client: KubernetesClient) -> None:
        self.client = client

    async def __call__(self, method: str, path: str, data: bytes | None = None) -> Answer:
        timeout = aiohttp.ClientTimeout(total=60)
        async with self.client.connection.send(
            method, f"{ROOT}/{path}", data=data, timeout=timeout
        ) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, headers, await answer.read())


async def as_user(api: ContentApi, folder: Path, name: str) -> AsyncIterator[User]:
    config = str(api.user(folder, name))
    async with KubernetesClient.from_kubeconfig(config) as client:
        yield User(client)
