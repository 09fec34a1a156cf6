"""What office programs have to be told of text, so that they choose the right fonts for it.

A file names fonts and embeds none. Which of the fonts it names draws a letter follows from the
letter's script, from the language of its run, and from whether the run goes from the right.
"""

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT_FONTS: Final = (
    ("Jpan", "Yu Gothic"),
    ("Hang", "Malgun Gothic"),
    ("Hans", "Microsoft YaHei"),
    ("Hant", "Microsoft JhengHei"),
    ("Arab", "Arial"),
    ("Hebr", "Arial"),
    ("Thai", "Leelawadee UI"),
    ("Ethi", "Ebrima"),
    ("Beng", "Nirmala UI"),
    ("Gujr", "Nirmala UI"),
    ("Khmr", "Leelawadee UI"),
    ("Knda", "Nirmala UI"),
    ("Guru", "Nirmala UI"),
    ("Laoo", "Leelawadee UI"),
    ("Mlym", "Nirmala UI"),
    ("Mymr", "Myanmar Text"),
    ("Orya", "Nirmala UI"),
    ("Sinh", "Nirmala UI"),
    ("Taml", "Nirmala UI"),
    ("Telu", "Nirmala UI"),
    ("Deva", "Nirmala UI"),
    ("Armn", "Sylfaen"),
    ("Geor", "Sylfaen"),
)
"""Fonts that office programs bring along, by script; other programs take their own for it."""
_FONT_OF: Final = dict(SCRIPT_FONTS)
_LANGUAGES: Final = (
    ("HEBREW", "he-IL", "Hebr"),
    ("ARABIC", "ar-SA", "Arab"),
    ("DEVANAGARI", "hi-IN", "Deva"),
    ("BENGALI", "bn-BD", "Beng"),
    ("GUJARATI", "gu-IN", "Gujr"),
    ("GURMUKHI", "pa-IN", "Guru"),
    ("KANNADA", "kn-IN", "Knda"),
    ("MALAYALAM", "ml-IN", "Mlym"),
    ("ORIYA", "or-IN", "Orya"),
    ("SINHALA", "si-LK", "Sinh"),
    ("TAMIL", "ta-IN", "Taml"),
    ("TELUGU", "te-IN", "Telu"),
    ("THAI", "th-TH", "Thai"),
    ("LAO", "lo-LA", "Laoo"),
    ("KHMER", "km-KH", "Khmr"),
    ("MYANMAR", "my-MM", "Mymr"),
    ("ETHIOPIC", "am-ET", "Ethi"),
    ("ARMENIAN", "hy-AM", "Armn"),
    ("GEORGIAN", "ka-GE", "Geor"),
    ("HANGUL", "ko-KR", "Hang"),
    ("HIRAGANA", "ja-JP", "Jpan"),
    ("KATAKANA", "ja-JP", "Jpan"),
    ("CJK", "zh-CN", "Hans"),
)
"""How the names of a script's letters begin, a language that is written in it, and its code."""
_EAST_ASIAN: Final = {"ja": "Jpan", "ko": "Hang", "zh": "Hans"}
_TRADITIONAL: Final = ("Hant", "TW", "HK", "MO")
_COMPLEX: Final = {
    tag.partition("-")[0]: script for _, tag, script in _LANGUAGES if script not in ("Hans", "Jpan")
} | {"fa": "Arab", "ur": "Arab", "mr": "Deva", "ne": "Deva"}
_RIGHT: Final = ("R", "AL")


@dataclass(frozen=True, slots=True)
class Part:
    """Some text of one language."""

    text: str
    language: str
    right: bool
    """Whether it runs from the right."""


def parts(text: str, language: str) -> Iterator[Part]:
    """Cut a text where its script says another language than the document's.

    Signs, digits and white space go with the letters before them.
    """
    if text.isascii():
        yield Part(text, language, right=False)
        return
    kana = any("\u3040" <= character <= "\u30ff" for character in text)
    start, current = 0, None
    for place, character in enumerate(text):
        own = _language(character, language, kana=kana)
        if own is None or own == current:
            continue
        if current is not None:
            yield Part(text[start:place], *current)
            start = place
        current = own
    yield Part(text[start:], *(current or (language, False)))


def by_direction(text: str) -> Iterator[tuple[str, bool]]:
    """Cut a text where its direction changes; say of each part whether it runs from the right."""
    current, right = "", False
    for part in parts(text, ""):
        if current and part.right != right:
            yield current, right
            current = ""
        current, right = current + part.text, part.right
    yield current, right


def _language(character: str, language: str, *, kana: bool) -> tuple[str, bool] | None:
    """Return the language of a letter, and whether it runs from the right; None for a sign.

    Beside kana, Chinese letters are Japanese.
    """
    if not unicodedata.category(character).startswith(("L", "M")):
        return None
    right = unicodedata.bidirectional(character) in _RIGHT
    name = unicodedata.name(character, "")
    found = next((tag for start, tag, _ in _LANGUAGES if name.startswith(start)), None)
    if found is None:
        return (language, right)
    own = language.partition("-")[0]
    if own == found.partition("-")[0] or (own in _COMPLEX and _COMPLEX[own] == _script(found)):
        return (language, right)
    if found == "zh-CN" and own in _EAST_ASIAN:
        return (language, right)
    if found == "zh-CN" and kana:
        return ("ja-JP", right)
    return (found, right)


def _script(tag: str) -> str:
    return next(script for _, each, script in _LANGUAGES if each == tag)


def east_asian_font(language: str) -> str:
    """Return the font for East Asian letters in a document of such a language; nothing in others.

    Where a file names none, the language of the run decides.
    """
    own, *rest = language.split("-")
    if own not in _EAST_ASIAN:
        return ""
    traditional = own == "zh" and any(part in _TRADITIONAL for part in rest)
    return _FONT_OF["Hant" if traditional else _EAST_ASIAN[own]]


def complex_font(language: str) -> str:
    """Return the font for letters that change with their neighbours or run from the right.

    Nothing in a document of a language that has none.
    """
    script = _COMPLEX.get(language.partition("-")[0])
    return _FONT_OF[script] if script else ""
