"""S3 storage of any maker, through obstore.

Reads are bounded: an object larger than the caller allows is refused before it is loaded.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import obstore
from obstore import exceptions as obstore_errors
from obstore.store import S3Store
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from venture_core.postpolicy import PostForm, Signer, post_form

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from obstore.store import ClientConfig, RetryConfig, S3Config

MAX_PARTS: Final = 10_000
"""How many parts a store takes of one object."""
_CHUNK_BYTES: Final = 1024 * 1024
_PART_BYTES: Final = 5 * 1024 * 1024
_LONG_PART_BYTES: Final = 32 * 1024 * 1024
"""How long a part becomes to keep them few: a few parts are in memory at once."""
_FEW_PARTS: Final = 500
"""As many as every store puts together: versitygw keeps their lengths in an extended attribute, for
which ext4 has 4 KiB, and answers 500 from about 800 parts on."""
_PARTS_AT_ONCE: Final = 2
_REQUEST_SECONDS: Final = 30
_UPLOAD_SECONDS: Final = 600
"""What a request of an upload in parts may take: in the last, a store puts gigabytes together."""
_MISSING = (FileNotFoundError, obstore_errors.NotFoundError)
_FAILED = (FileNotFoundError, obstore_errors.BaseError)
"""How an upload in parts ends that fails: an upload that is no more is a file that is missing."""


class S3Settings(BaseModel):
    """Where the bucket is and who we are there."""

    model_config = ConfigDict(frozen=True)

    endpoint: str = Field(pattern=r"^https?://", max_length=2048)
    """Base URL of the S3 service, with path-style buckets."""
    region: str = Field(min_length=1, max_length=64)
    bucket: str = Field(min_length=3, max_length=63)
    access_key_id: str | None = Field(default=None, min_length=1, max_length=256)
    """None, as with the secret key: the identity of the workload counts (a projected token for a
    role, EKS Pod Identity, or the metadata service of the machine, whichever the pod has)."""
    secret_access_key: SecretStr | None = Field(default=None, min_length=1, max_length=1024)
    root_certificate: str | None = None
    """PEM of authorities to trust besides those of the system."""

    def client_options(self, *, connect_seconds: int, request_seconds: int) -> ClientConfig:
        """Return how obstore's client is to connect."""
        options: ClientConfig = {
            "allow_http": self.endpoint.startswith("http://"),
            "connect_timeout": f"{connect_seconds}s",
            "timeout": f"{request_seconds}s",
        }
        if self.root_certificate is not None:
            options["root_certificate"] = self.root_certificate
        return options

    def store(self, *, connect_seconds: int, request_seconds: int, retry: RetryConfig) -> S3Store:
        """Return obstore's client of the bucket."""
        config: S3Config = {"endpoint": self.endpoint, "region": self.region}
        config["virtual_hosted_style_request"] = False
        # A bucket with a default retention refuses uploads without one, on AWS.
        config["checksum_algorithm"] = "SHA256"
        if self.access_key_id is not None and self.secret_access_key is not None:
            config["access_key_id"] = self.access_key_id
            config["secret_access_key"] = self.secret_access_key.get_secret_value()
        return S3Store(
            self.bucket,
            config=config,
            client_options=self.client_options(
                connect_seconds=connect_seconds, request_seconds=request_seconds
            ),
            retry_config=retry,
        )


class ObjectStoreError(Exception):
    """The store did not answer, or refused for a reason that may pass."""


class ObjectNotFoundError(Exception):
    """There is no object under that key."""


class ObjectTooLargeError(Exception):
    """The object is larger than the caller allowed."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the store knows of an object without sending it."""

    key: str
    size_bytes: int
    modified: datetime


class Measured(NamedTuple):
    """What an object's bytes are."""

    sha256: bytes
    size_bytes: int


class ObjectStore:
    """One bucket."""

    def __init__(self, settings: S3Settings) -> None:
        self.bucket = settings.bucket
        self._settings = settings
        self.authorities = settings.root_certificate
        """PEM of authorities to trust besides those of the system; None: no others."""
        self._store, self._uploads = (
            settings.store(
                connect_seconds=5,
                request_seconds=seconds,
                retry={"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
            )
            for seconds in (_REQUEST_SECONDS, _UPLOAD_SECONDS)
        )

    def uri(self, key: str) -> str:
        """Return the s3:// URI of a key."""
        return f"s3://{self.bucket}/{key}"

    async def head(self, key: str) -> ObjectInfo | None:
        """Return size and age of an object, or None where there is none."""
        try:
            meta = await obstore.head_async(self._store, key)
        except _MISSING:
            return None
        except obstore_errors.BaseError as error:
            raise _store_error("look up", key, error) from error
        return ObjectInfo(key=key, size_bytes=meta["size"], modified=meta["last_modified"])

    async def get(self, key: str, *, max_bytes: int) -> bytes:
        """Return an object of at most `max_bytes`.

        Raises ObjectNotFoundError, ObjectTooLargeError, ObjectStoreError.
        """
        try:
            result = await obstore.get_async(self._store, key)
            if result.meta["size"] > max_bytes:
                message = f"{key} has {result.meta['size']} bytes, {max_bytes} are allowed"
                raise ObjectTooLargeError(message)
            return bytes(await result.bytes_async())
        except _MISSING as error:
            raise ObjectNotFoundError(f"there is no object {key}") from error
        except obstore_errors.BaseError as error:
            raise _store_error("read", key, error) from error

    async def put(self, key: str, data: bytes, *, media_type: str) -> None:
        """Write an object, over whatever stood there."""
        try:
            await obstore.put_async(
                self._store, key, data, attributes={"Content-Type": media_type}, use_multipart=False
            )
        except obstore_errors.BaseError as error:
            raise _store_error("write", key, error) from error

    async def create(self, key: str, data: bytes, *, media_type: str) -> bool:
        """Write an object unless there is one under that key; tell whether it was written."""
        try:
            await obstore.put_async(
                self._store,
                key,
                data,
                attributes={"Content-Type": media_type},
                mode="create",
                use_multipart=False,
            )
        except obstore_errors.AlreadyExistsError:
            return False
        except obstore_errors.BaseError as error:
            raise _store_error("write", key, error) from error
        return True

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes], *, media_type: str) -> None:
        """Write what comes as an object, over whatever stood there.

        It takes the memory of two parts. What `chunks` raises leaves nothing under the key, and
        comes out as it is. Raises ObjectStoreError.
        """
        failed: list[BaseException] = []
        digest, size = hashlib.sha256(), 0

        async def watched() -> AsyncIterator[bytes]:
            nonlocal size
            try:
                async for chunk in chunks:
                    await asyncio.to_thread(digest.update, chunk)
                    size += len(chunk)
                    yield chunk
            except BaseException as error:
                failed.append(error)
                raise

        try:
            await obstore.put_async(
                self._uploads,
                key,
                watched(),
                attributes={"Content-Type": media_type},
                chunk_size=_PART_BYTES,
                max_concurrency=1,
            )
        except _FAILED as error:
            if failed:
                raise failed[0] from error
            if not await self._holds(key, size, digest.digest):
                raise _store_error("write", key, error) from error

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return a part of an object, less of it at its end.

        Raises ObjectNotFoundError, ObjectStoreError.
        """
        try:
            return bytes(
                await obstore.get_range_async(self._store, key, start=start, length=length)
            )
        except _MISSING as error:
            raise ObjectNotFoundError(f"there is no object {key}") from error
        except obstore_errors.BaseError as error:
            raise _store_error("read", key, error) from error

    async def put_file(self, key: str, path: Path, *, media_type: str) -> None:
        """Write a file of any size as an object, in parts, over whatever stood there.

        It takes the memory of few parts. Raises ObjectStoreError and OSError.
        """
        size = (await asyncio.to_thread(path.stat)).st_size
        try:
            await obstore.put_async(
                self._uploads,
                key,
                path,
                attributes={"Content-Type": media_type},
                chunk_size=part_bytes(size),
                max_concurrency=_PARTS_AT_ONCE,
            )
        except _FAILED as error:
            if not await self._holds(key, size, lambda: _file_sha256(path)):
                raise _store_error("write", key, error) from error

    async def _holds(self, key: str, size: int, sha256: Callable[[], bytes]) -> bool:
        """Tell whether an upload that failed is there all the same.

        A store may put the parts together and not be heard: whatever is asked of the upload then,
        once more or to end it, is refused, because there is no such upload any more.
        """
        try:
            found = await self.head(key)
            if found is None or found.size_bytes != size:
                return False
            return await self.sha256(key) == await asyncio.to_thread(sha256)
        except ObjectNotFoundError, ObjectStoreError:
            return False

    async def sha256(self, key: str) -> bytes:
        """Return the digest of what the store holds, read piece by piece.

        Raises ObjectNotFoundError, ObjectStoreError.
        """
        return (await self.measure(key)).sha256

    async def measure(self, key: str) -> Measured:
        """Return digest and length of what the store holds, read piece by piece.

        Raises ObjectNotFoundError, ObjectStoreError.
        """
        digest, size = hashlib.sha256(), 0
        try:
            result = await obstore.get_async(self._store, key)
            async for chunk in result.stream(min_chunk_size=_CHUNK_BYTES):
                await asyncio.to_thread(digest.update, chunk)
                size += len(chunk)
        except _MISSING as error:
            raise ObjectNotFoundError(f"there is no object {key}") from error
        except obstore_errors.BaseError as error:
            raise _store_error("read", key, error) from error
        return Measured(digest.digest(), size)

    async def copy(self, source: str, target: str) -> None:
        """Copy an object within the store, over whatever stood there.

        Raises ObjectNotFoundError, ObjectStoreError.
        """
        try:
            await obstore.copy_async(self._store, source, target)
        except _MISSING as error:
            raise ObjectNotFoundError(f"there is no object {source}") from error
        except obstore_errors.BaseError as error:
            raise _store_error("copy", source, error) from error

    async def get_file(self, key: str, path: Path) -> bytes:
        """Write what the store holds to a file, piece by piece; return its SHA-256.

        Raises ObjectNotFoundError, ObjectStoreError, OSError.
        """
        digest = hashlib.sha256()
        try:
            result = await obstore.get_async(self._store, key)
            with await asyncio.to_thread(path.open, "wb") as file:
                async for chunk in result.stream(min_chunk_size=_CHUNK_BYTES):
                    digest.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
        except _MISSING as error:
            raise ObjectNotFoundError(f"there is no object {key}") from error
        except obstore_errors.BaseError as error:
            raise _store_error("read", key, error) from error
        return digest.digest()

    async def delete(self, key: str) -> None:
        """Delete an object; one that is gone already is success."""
        try:
            await obstore.delete_async(self._store, key)
        except _MISSING:
            return
        except obstore_errors.BaseError as error:
            raise _store_error("delete", key, error) from error

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Yield the objects whose keys start with the folder `prefix`."""
        try:
            async for chunk in obstore.list(self._store, prefix=prefix):
                for meta in chunk:
                    yield ObjectInfo(meta["path"], meta["size"], meta["last_modified"])
        except obstore_errors.BaseError as error:
            raise _store_error("list", prefix, error) from error

    async def presign_upload(self, key: str, *, max_bytes: int, lifetime: timedelta) -> PostForm:
        """Return a form that uploads at most `max_bytes` to `key` for `lifetime`.

        Without keys of our own (a workload's identity) only a PUT can be signed, which bounds no
        size: the form has no fields then, and its URL takes the bytes by PUT.
        """
        settings = self._settings
        if settings.access_key_id is None or settings.secret_access_key is None:
            return PostForm(await self.presign("PUT", key, lifetime), {})
        secret = settings.secret_access_key.get_secret_value()
        return post_form(
            Signer(settings.access_key_id, secret, settings.region),
            endpoint=settings.endpoint,
            bucket=settings.bucket,
            key=key,
            max_bytes=max_bytes,
            now=datetime.now(UTC),
            lifetime=lifetime,
        )

    async def presign(self, method: Literal["GET", "PUT"], key: str, lifetime: timedelta) -> str:
        """Return a URL that allows `method` on `key` for `lifetime`, to whoever holds it."""
        return await obstore.sign_async(self._store, method, key, lifetime)


def part_bytes(size: int) -> int:
    """Return how long the parts of an object of `size` bytes are.

    The least allowed, unless there were too many: above 500 they grow up to 32 MiB, and further
    only where there were more than any store takes.
    """
    few = min(-(-size // _FEW_PARTS), _LONG_PART_BYTES)
    return max(_PART_BYTES, few, -(-size // MAX_PARTS))


def _file_sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _store_error(verb: str, key: str, error: Exception) -> ObjectStoreError:
    # obstore's messages carry the whole request, with a presigned query at times: keep the type.
    return ObjectStoreError(f"cannot {verb} {key} in the object store: {type(error).__name__}")
