"""Why what takes long is a `proxy` or a `log` of something: all else the API server cuts off."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aggregated import SlowApi
from soaking import seconds
from waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.kubernetes.client import KubernetesClient

PATIENCE_SECONDS = 60
"""The API server's `--request-timeout`, which we leave as it is."""
DRIPS = 20
FOREVER = aiohttp.ClientTimeout(total=None)


@pytest.mark.soak
async def test_the_same_answer_is_cut_off_under_any_other_name(
    client: KubernetesClient, namespace: str, tmp_path: Path
) -> None:
    """One server, one answer that takes longer than a minute; only the subresource's name differs.

    A short run shows that both ways work for what is short.
    """
    length = seconds(short=0.5, soak=PATIENCE_SECONDS + 15)
    api = SlowApi(namespace, tmp_path)

    async def taken(subresource: str) -> int:
        """Return how many bytes came."""
        path = f"{api.root}/namespaces/{namespace}/things/deck/{subresource}"
        query = f"?bytes={DRIPS}&pause={length / DRIPS}"
        count = 0
        try:
            async with client.connection.send("GET", path + query, timeout=FOREVER) as answer:
                assert answer.status == 200
                async for chunk in answer.content.iter_any():
                    count += len(chunk)
        except aiohttp.ClientPayloadError:
            return count
        return count

    async def is_served() -> bool:
        async with client.connection.send("GET", api.root, timeout=FOREVER) as answer:
            return answer.status == 200

    async with api.serving(), api.registered(client):
        await until(is_served)
        plain, proxy, log = await asyncio.gather(taken("content"), taken("proxy"), taken("log"))
    assert (proxy, log) == (DRIPS, DRIPS)
    if length < PATIENCE_SECONDS:
        assert plain == DRIPS
    else:
        share = PATIENCE_SECONDS / length
        assert DRIPS * share - 2 <= plain < DRIPS, "it was to be cut off after a minute"
