"""Keys of providers: files of a mounted Secret, read anew when they change."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

MAX_KEY_BYTES: Final = 1024


class KeyMissingError(Exception):
    """There is no usable key for a provider."""


class Keys:
    """The keys in a folder: one file for each provider, by its name in lower case."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def key(self, provider: str) -> str:
        """Return the key as it is now. Raises KeyMissingError."""
        if self._folder is None:
            raise KeyMissingError(provider)
        try:
            data = (self._folder / provider.lower()).read_bytes()[: MAX_KEY_BYTES + 1]
            key = data.decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise KeyMissingError(provider) from error
        if not key.isprintable() or not 1 <= len(key) <= MAX_KEY_BYTES:
            raise KeyMissingError(provider)
        return key

    def has(self, provider: str) -> bool:
        """Return whether there is a key."""
        try:
            self.key(provider)
        except KeyMissingError:
            return False
        return True
