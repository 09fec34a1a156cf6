"""Answers that come piece by piece."""

from typing import TYPE_CHECKING

from fastapi.responses import StreamingResponse

from venture_control_plane_api.services.access import PRIVATE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from venture_control_plane_api.services.transfers import Transfers


async def begun(chunks: AsyncIterator[bytes], media_type: str) -> StreamingResponse:
    """Return the answer once its first piece is there: a refusal is an answer of its own."""
    first = await anext(chunks, b"")

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return StreamingResponse(whole(), media_type=media_type, headers=PRIVATE)


async def placed(
    chunks: AsyncIterator[bytes], places: Transfers, user: str
) -> AsyncIterator[bytes]:
    """Give the pieces on, and hold a place from the first to the last of them. Problem (429)."""
    with places.place(user):
        async for chunk in chunks:
            yield chunk
