"""What the foot of a page says of its number, in the language of the document."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS: Final[Mapping[str, str]] = {
    "en": "Page {} of {}",
    "de": "Seite {} von {}",
    "fr": "Page {} sur {}",
    "es": "Página {} de {}",
    "it": "Pagina {} di {}",
    "pt": "Página {} de {}",
    "nl": "Pagina {} van {}",
}


def page_words(language: str) -> str:
    """Return the sentence, with `{}` for the page and `{}` for how many there are."""
    return _WORDS.get(language.partition("-")[0], "{} / {}")
