"""Read lists whose objects other people wrote: pages are bounded in bytes, not only in objects."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.kubernetes.client import KubernetesClient

PAGE_SIZE: Final = 250
PAGE_MAX_BYTES: Final = 16 * 1024 * 1024
SILENT_SECONDS: Final = 30.0


class BoundedPages:
    """The pages of one list, of at most PAGE_MAX_BYTES each; a single object may have more.

    It remembers how many objects fit, for the pages and lists that follow.
    """

    def __init__(self, client: KubernetesClient, path: str, *, accept: str) -> None:
        self._client = client
        self._path = path
        self._accept = accept
        self._size = PAGE_SIZE

    async def read(self, query: Mapping[str, str]) -> bytes:
        """Return a page. Raises KubernetesError, 410 where the list has to begin anew."""
        while (page := await self._try(query)) is None:
            self._size = max(1, self._size // 4)
        return page

    async def _try(self, query: Mapping[str, str]) -> bytes | None:
        """Return a page, None where it is too large."""
        asked = {**query, "limit": str(self._size)}
        page = bytearray()
        async with self._client.stream(
            self._path, asked, silent_seconds=SILENT_SECONDS, accept=self._accept
        ) as found:
            async for chunk in found.content.iter_any():
                page += chunk
                if len(page) > PAGE_MAX_BYTES and self._size > 1:
                    return None
        return bytes(page)
