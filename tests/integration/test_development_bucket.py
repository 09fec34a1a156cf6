"""The development bucket, made and served by the very commands of the chart's S3 pod."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
import secrets
import subprocess
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from s3requests import s3_request
from surroundings import free_port
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed
from venture_core.objectstore import ObjectStore, ObjectStoreError, S3Settings
from venture_core.record.anchor import Anchor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

LOCK = (
    b'<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    b"<Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
)
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


class Pod:
    """The S3 pod's containers as processes over a folder."""

    def __init__(self, manifest: dict[str, Any], folder: Path, tools: Path) -> None:
        spec = manifest["spec"]["template"]["spec"]
        [self._init], [self._main] = spec["initContainers"], spec["containers"]
        self.data = folder / "data"
        self.data.mkdir()
        self._port = free_port()
        values = {each["name"]: each.get("value", "") for each in self._init["env"]}
        self._environment = {
            **values,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "ROOT_ACCESS_KEY": "admin",
            "ROOT_SECRET_KEY": secrets.token_hex(16),
            "GATEWAY": f"127.0.0.1:{free_port()}",
        }
        self.settings = S3Settings.model_validate(
            {
                "endpoint": f"http://127.0.0.1:{self._port}",
                "region": values["VGW_REGION"],
                "bucket": values["BUCKET"],
                "access_key_id": "admin",
                "secret_access_key": self._environment["ROOT_SECRET_KEY"],
            }
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ObjectStore]:
        """Run the init container to its end, then the server as long as the context."""
        init = await self._start([*self._init["command"], *self._init["args"]])
        assert await asyncio.wait_for(init.wait(), timeout=60) == 0
        arguments = [each.replace(":7070", f":{self._port}") for each in self._main["args"]]
        server = await self._start(["versitygw", *arguments])
        try:
            store = ObjectStore(self.settings)
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(ObjectStoreError),
                wait=wait_fixed(0.1),
                stop=stop_after_delay(60),
                reraise=True,
            ):
                with attempt:
                    await store.head("nothing")
            yield store
        finally:
            server.terminate()
            await server.wait()

    async def _start(self, command: list[str]) -> asyncio.subprocess.Process:
        here = [each.replace("/data/", f"{self.data}/") for each in command]
        return await asyncio.create_subprocess_exec(
            *here, env=self._environment, stdout=subprocess.DEVNULL
        )


@pytest.fixture
def pod(render_chart: Callable[..., list[dict[str, Any]]], tools: Path, tmp_path: Path) -> Pod:
    [manifest] = (
        each
        for each in render_chart("ci/dev.yaml")
        if each["kind"] == "StatefulSet" and each["metadata"]["name"] == "venture-s3"
    )
    return Pod(manifest, tmp_path, tools)


async def _versions(settings: S3Settings, key: str) -> list[str]:
    answer = await s3_request(settings, "GET", query={"versions": "", "prefix": key})
    assert answer.status_code == 200, answer.text
    return re.findall(r"<VersionId>(\w+)</VersionId>", answer.text)


async def test_what_an_anchor_said_before_stays_as_a_version(pod: Pod) -> None:
    async with pod.running() as store:
        anchor = Anchor(store, "log.example.com")
        await anchor.put(b"of 10 entries")
        await anchor.put(b"of 20 entries")
        [newest] = [each.key async for each in store.list("anchor")]
        versions = await _versions(pod.settings, newest)
        said = {
            (await s3_request(pod.settings, "GET", newest, query={"versionId": version})).content
            for version in versions
        }
        assert said == {b"of 10 entries", b"of 20 entries"}
        await store.delete(newest)
        assert set(versions) < set(await _versions(pod.settings, newest))


async def test_an_anchor_under_a_default_retention_outlives_who_holds_the_key(pod: Pod) -> None:
    async with pod.running() as store:
        checksum = base64.b64encode(hashlib.md5(LOCK, usedforsecurity=False).digest()).decode()
        locked = await s3_request(
            pod.settings,
            "PUT",
            query={"object-lock": ""},
            body=LOCK,
            headers={"content-md5": checksum},
        )
        assert locked.status_code == 200, locked.text
        await Anchor(store, "log.example.com").put_hourly(b"of 10 entries", NOW)
        [hourly] = [each.key async for each in store.list("anchor")]
        [version] = await _versions(pod.settings, hourly)

        one = {"versionId": version}
        bypass = {"x-amz-bypass-governance-retention": "true"}
        refused = await s3_request(pod.settings, "DELETE", hourly, query=one, headers=bypass)
        assert (refused.status_code, "AccessDenied" in refused.text) == (403, True)
        await store.put(hourly, b"forged", media_type="text/plain")
        await store.delete(hourly)
        kept = await s3_request(pod.settings, "GET", hourly, query=one)
        assert kept.content == b"of 10 entries"


async def test_a_restart_changes_nothing(pod: Pod) -> None:
    async with pod.running() as store:
        await store.put("kept", b"1", media_type="text/plain")
    async with pod.running() as store:
        assert await store.get("kept", max_bytes=1) == b"1"
        await store.put("kept", b"2", media_type="text/plain")
        assert len(await _versions(pod.settings, "kept")) == 2


async def test_a_bucket_of_an_earlier_release_goes_on(pod: Pod) -> None:
    bucket = pod.data / pod.settings.bucket
    bucket.mkdir()
    (bucket / "kept").write_bytes(b"1")
    async with pod.running() as store:
        assert await store.get("kept", max_bytes=1) == b"1"
        await store.put("kept", b"2", media_type="text/plain")
    async with pod.running() as store:
        assert await store.get("kept", max_bytes=1) == b"2"
