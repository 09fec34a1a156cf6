"""What weasyprint may read: the assets of the document, and nothing else."""

from typing import TYPE_CHECKING, override

from weasyprint.urls import URLFetcher, URLFetcherResponse

from venture_core.artifacts.paged.markup import ASSET_SCHEME

if TYPE_CHECKING:
    from collections.abc import Mapping


class Assets(URLFetcher):  # type: ignore[misc]  # weasyprint is not typed
    """Gives the bytes of assets by their names, and refuses every other address."""

    def __init__(self, assets: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self._assets = assets
        self.refused: list[str] = []

    @override
    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        name = url.removeprefix(ASSET_SCHEME)
        if not url.startswith(ASSET_SCHEME) or name not in self._assets:
            self.refused.append(url)
            raise ValueError("nothing but the assets of a document is read")
        return URLFetcherResponse(url, self._assets[name])
