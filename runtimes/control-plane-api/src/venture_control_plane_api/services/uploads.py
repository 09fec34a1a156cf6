"""What builds read besides their object: assets and large documents, kept by their digests."""

import asyncio
import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.bucket import asset_key, document_key, input_key
from venture_core.artifacts.images import MAX_IMAGE_BYTES
from venture_core.artifacts.ir import MAX_IR_BYTES
from venture_core.http.problems import Problem
from venture_core.objectstore import ObjectStoreError

from venture_control_plane_api.services.access import unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from venture_core.objectstore import ObjectStore

IDLE_SECONDS: Final = 60.0
"""How long an upload may send nothing."""


@dataclass(frozen=True, slots=True)
class Input:
    """A kind of what is uploaded."""

    plural: str
    max_bytes: int
    media_type: str
    key: Callable[[str], str]
    """How a build names one by its digest."""


ASSETS: Final = Input("assets", MAX_IMAGE_BYTES, "application/octet-stream", asset_key)
DOCUMENTS: Final = Input("documents", MAX_IR_BYTES, "application/json", document_key)
INPUTS: Final = {each.plural: each for each in (ASSETS, DOCUMENTS)}


class Uploads:
    """Writes into the part of the store that is a namespace's own."""

    def __init__(self, store: ObjectStore, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._store = store
        self._idle_seconds = idle_seconds

    async def size(self, kind: Input, namespace: str, sha256: str) -> int | None:
        """Return how many bytes an input has that is there, None where it is not."""
        try:
            found = await self._store.head(input_key(namespace, kind.key(sha256)))
        except ObjectStoreError as error:
            raise unavailable(str(error)) from error
        return None if found is None else found.size_bytes

    async def write(
        self, kind: Input, namespace: str, sha256: str, chunks: AsyncIterator[bytes]
    ) -> int:
        """Keep what comes under its digest; return its length. Nothing else is ever kept there.

        Raises Problem where the bytes have another digest.
        """
        taken = _Taken(sha256)
        try:
            await self._store.put_stream(
                input_key(namespace, kind.key(sha256)),
                taken.checked(_never_idle(chunks, self._idle_seconds)),
                media_type=kind.media_type,
            )
        except ObjectStoreError as error:
            raise unavailable(str(error)) from error
        return taken.size


class _Taken:
    """What came of an upload."""

    def __init__(self, sha256: str) -> None:
        self._expected = sha256
        self._digest = hashlib.sha256()
        self.size = 0

    async def checked(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Give the bytes on, the last of them only if all have the digest."""
        held = b""
        async for chunk in chunks:
            self._digest.update(chunk)
            self.size += len(chunk)
            if held:
                yield held
            held = chunk
        if self._digest.hexdigest() != self._expected:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_CONTENT,
                f"The {self.size} bytes have the SHA-256 {self._digest.hexdigest()}, not the one "
                "of the address.",
                code="digest-mismatch",
            )
        yield held


async def _never_idle(chunks: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(seconds):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise Problem(
                HTTPStatus.REQUEST_TIMEOUT,
                f"Nothing of the upload came for {seconds:g} s.",
                code="upload-idle",
                headers={"Connection": "close"},
            ) from error
        if chunk is None:
            return
        if chunk:
            yield chunk
