"""The object store against a real S3 server."""

import asyncio
import base64
import hashlib
import secrets
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import bigupload
import httpx2
import pytest
from lostanswers import completing_unheard
from pydantic import SecretStr
from s3requests import s3_request
from venture_core.objectstore import (
    MAX_PARTS,
    ObjectNotFoundError,
    ObjectStore,
    ObjectStoreError,
    ObjectTooLargeError,
    S3Settings,
    part_bytes,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MIB = 1024 * 1024


async def test_what_is_put_can_be_read_listed_and_deleted(store: ObjectStore) -> None:
    folder = secrets.token_hex(8)
    one, two = f"{folder}/one", f"{folder}/two"
    await store.put(one, b"1", media_type="text/plain")
    await store.put(two, b"22", media_type="text/plain")

    assert await store.get(two, max_bytes=2) == b"22"
    found = {info.key: info.size_bytes async for info in store.list(folder)}
    assert found == {one: 1, two: 2}

    await store.delete(one)
    assert await store.head(one) is None


async def test_missing_objects_are_named(store: ObjectStore) -> None:
    assert await store.head("nothing") is None
    with pytest.raises(ObjectNotFoundError, match="nothing"):
        await store.get("nothing", max_bytes=1)
    await store.delete("nothing")


async def test_a_read_is_bounded(store: ObjectStore) -> None:
    await store.put("big", b"12345", media_type="text/plain")
    with pytest.raises(ObjectTooLargeError, match="5 bytes, 4 are allowed"):
        await store.get("big", max_bytes=4)


async def test_a_presigned_url_allows_one_method_on_one_key(store: ObjectStore) -> None:
    upload = await store.presign("PUT", "staging/x/1", timedelta(minutes=1))
    async with httpx2.AsyncClient() as http:
        assert (await http.put(upload, content=b"deck")).status_code == 200
        assert (await http.get(upload)).status_code == 403
        assert (await http.put(upload.replace("/x/1", "/x/2"), content=b"deck")).status_code == 403
    assert await store.get("staging/x/1", max_bytes=10) == b"deck"


async def test_wrong_credentials_are_an_error_that_shows_no_secret(s3_settings: S3Settings) -> None:
    wrong = s3_settings.model_copy(update={"secret_access_key": SecretStr("not-the-secret")})
    with pytest.raises(ObjectStoreError) as caught:
        await ObjectStore(wrong).get("a", max_bytes=1)
    assert "not-the-secret" not in str(caught.value)


async def test_an_upload_takes_no_more_memory_than_its_parts(
    own_bucket: S3Settings, tmp_path: Path
) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(160 * MIB)
    assert own_bucket.secret_access_key is not None
    secret = own_bucket.secret_access_key.get_secret_value().encode()
    uploading = await asyncio.create_subprocess_exec(
        sys.executable,
        bigupload.__file__,
        own_bucket.model_dump_json(),
        str(big),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    took, _ = await uploading.communicate(secret)
    assert uploading.returncode == 0
    assert int(took) < 40 * MIB
    stored = await ObjectStore(own_bucket).measure("big")
    with big.open("rb") as file:
        assert stored == (hashlib.file_digest(file, "sha256").digest(), 160 * MIB)


@pytest.mark.parametrize("size", [0, 1, 50_000 * MIB - 1, 50_000 * MIB + 1, 5 * 1024 * 1024 * MIB])
def test_a_file_of_any_size_has_parts_that_a_store_takes(size: int) -> None:
    assert 5 * MIB <= part_bytes(size) <= 5 * 1024 * MIB
    assert -(-size // part_bytes(size)) <= MAX_PARTS


@pytest.mark.parametrize("size", [2_000 * MIB, 2_501 * MIB, 6_600_000_000, 16_000 * MIB])
def test_an_archive_has_parts_that_a_store_on_a_common_disk_puts_together(size: int) -> None:
    """The development store has room for the lengths of about 800."""
    assert part_bytes(size) <= 32 * MIB
    assert -(-size // part_bytes(size)) <= 500


async def test_what_is_uploaded_carries_its_checksum_as_locked_buckets_demand(
    own_bucket: S3Settings, tmp_path: Path
) -> None:
    store, file = ObjectStore(own_bucket), tmp_path / "file"
    data = secrets.token_bytes(6 * MIB)
    file.write_bytes(data)
    await store.put("put", data, media_type="text/plain")
    await store.create("created", data, media_type="text/plain")
    await store.put_file("parts", file, media_type="text/plain")
    sums = [
        await s3_request(own_bucket, "HEAD", key, headers={"x-amz-checksum-mode": "ENABLED"})
        for key in ("put", "created", "parts")
    ]
    whole = base64.b64encode(hashlib.sha256(data).digest()).decode()
    cut = 5 * MIB
    parts = b"".join(hashlib.sha256(each).digest() for each in (data[:cut], data[cut:]))
    composite = f"{base64.b64encode(hashlib.sha256(parts).digest()).decode()}-2"
    found = [each.headers.get("x-amz-checksum-sha256") for each in sums]
    assert found == [whole, whole, composite]


async def test_an_upload_counts_that_the_store_completed_without_being_heard(
    own_bucket: S3Settings, tmp_path: Path
) -> None:
    file, data = tmp_path / "file", secrets.token_bytes(6 * MIB)
    file.write_bytes(data)

    async def pieces() -> AsyncIterator[bytes]:
        yield data

    async with completing_unheard(own_bucket) as (through, lost):
        store = ObjectStore(through)
        await store.put_file("file", file, media_type="text/plain")
        assert lost
        lost.clear()
        await store.put_stream("stream", pieces(), media_type="text/plain")
        assert lost
    for key in ("file", "stream"):
        assert await ObjectStore(own_bucket).get(key, max_bytes=len(data)) == data


async def test_an_upload_that_failed_does_not_count_by_what_was_there_before(
    own_bucket: S3Settings, tmp_path: Path
) -> None:
    file, old = tmp_path / "file", secrets.token_bytes(6 * MIB)
    file.write_bytes(secrets.token_bytes(6 * MIB))
    store = ObjectStore(own_bucket)
    await store.put("key", old, media_type="text/plain")
    async with completing_unheard(own_bucket, arrives=False) as (through, lost):
        with pytest.raises(ObjectStoreError, match="cannot write key"):
            await ObjectStore(through).put_file("key", file, media_type="text/plain")
        assert lost
    assert await store.get("key", max_bytes=len(old)) == old
