"""Upload forms, as a real S3 server takes or refuses them."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from venture_artifact_compiler.transfer import InterruptedTransferError, TransferError, Transfers
from venture_core.artifacts.jobcontract import JobUpload
from venture_core.objectstore import ObjectStore
from venture_core.postpolicy import PostForm, Signer, post_form

if TYPE_CHECKING:
    from venture_core.objectstore import S3Settings

KEY = "staging/uid/1"
REFUSALS = (TransferError, InterruptedTransferError)


def as_upload(form: PostForm, **fields: str) -> JobUpload:
    return JobUpload(url=form.url, fields={**form.fields, **fields})


async def send(upload: JobUpload, data: bytes) -> None:
    async with Transfers.opened(10) as transfers:
        await transfers.upload(upload, data, "application/x")


async def form_of(store: ObjectStore, max_bytes: int = 1000) -> PostForm:
    return await store.presign_upload(KEY, max_bytes=max_bytes, lifetime=timedelta(minutes=5))


async def test_the_compiler_uploads_by_the_form(store: ObjectStore) -> None:
    await send(as_upload(await form_of(store)), b"an artifact")
    assert await store.get(KEY, max_bytes=100) == b"an artifact"
    assert (await store.measure(KEY)).size_bytes == len(b"an artifact")


async def test_more_bytes_than_the_form_allows_are_refused(store: ObjectStore) -> None:
    await store.delete(KEY)
    with pytest.raises(REFUSALS):
        await send(as_upload(await form_of(store, max_bytes=10)), b"x" * 11)
    with pytest.raises(REFUSALS):
        await send(as_upload(await form_of(store, max_bytes=10)), b"")
    assert await store.head(KEY) is None


async def test_a_form_is_for_its_key_only(store: ObjectStore) -> None:
    form = await form_of(store)
    for key in ("artifacts/sha256/0/artifact", f"{KEY}.claimed", "staging/other/1"):
        with pytest.raises(REFUSALS):
            await send(as_upload(form, key=key), b"elsewhere")
        assert await store.head(key) is None


async def test_a_form_that_is_over_is_refused(s3_settings: S3Settings, store: ObjectStore) -> None:
    assert s3_settings.access_key_id is not None
    assert s3_settings.secret_access_key is not None
    secret = s3_settings.secret_access_key.get_secret_value()
    form = post_form(
        Signer(s3_settings.access_key_id, secret, s3_settings.region),
        endpoint=s3_settings.endpoint,
        bucket=s3_settings.bucket,
        key="staging/late/1",
        max_bytes=100,
        now=datetime.now(UTC) - timedelta(minutes=2),
        lifetime=timedelta(minutes=1),
    )
    with pytest.raises(REFUSALS):
        await send(as_upload(form), b"late")
    assert await store.head("staging/late/1") is None


async def test_without_keys_of_our_own_the_form_is_a_put(s3_settings: S3Settings) -> None:
    """A workload's identity cannot sign a policy; what it signs is tried by obstore itself."""
    store = ObjectStore(s3_settings)
    url = await store.presign("PUT", KEY, timedelta(minutes=5))
    await send(JobUpload(url=url, fields={}), b"by PUT")
    assert await store.get(KEY, max_bytes=100) == b"by PUT"
