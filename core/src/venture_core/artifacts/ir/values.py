"""The scalar types of the IR: each with its bounds, and with words for what it expects."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

MAX_INLINE_ASSET_BYTES = 48 * 1024

# Characters that XML 1.0 cannot carry, line breaks other than \n, which readers treat unevenly, and
# the two that show the letters after them in another order than they are: `exe.pdf` for `fdp.exe`.
_FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e\ufffe\uffff]")
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
# Letters and signs by their category, of which nothing is seen: fillers, and selectors of a form.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0") | {chr(0xFE00 + at) for at in range(16)}
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


class IRModel(BaseModel):
    """Base of every IR object: strict types, no unknown fields, immutable, camelCase in JSON."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


def _refuse(expected: str) -> PydanticCustomError:
    return PydanticCustomError("value_form", "not {expected}", {"expected": expected})


def _single_line(value: str) -> str:
    if "\n" in value or _FORBIDDEN.search(value):
        raise _refuse("one line of text without control characters or overrides of direction")
    return value


def multi_line(value: str) -> str:
    """Refuse control characters. Lines may end as Windows ends them; they are line feeds here."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if _FORBIDDEN.search(value):
        raise _refuse(
            "text without overrides of direction, or control characters other than line feeds"
        )
    return value


def is_blank(text: str) -> bool:
    """Say whether nothing can be seen of a text: spaces, marks of direction, fillers."""
    return not any(map(_is_seen, text))


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN and character not in _BLANK


def _color(value: str) -> str:
    if not _COLOR.fullmatch(value):
        raise _refuse("a colour written as # and six hexadecimal digits")
    return value.upper()


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise _refuse("a name of 1 to 63 lower-case letters, digits and inner hyphens")
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise _refuse("a language tag such as en-US, de or zh-Hant-TW")
    return value


def _version(value: int) -> int:
    if value != 1:
        raise _refuse("the integer 1, the only version there is")
    return value


def _currency_symbol(value: str) -> str:
    # Letters and currency signs only: it stands between quotes in a spreadsheet's format code.
    categories = [unicodedata.category(character) for character in value]
    if not all(category == "Sc" or category.startswith("L") for category in categories):
        raise _refuse("a currency symbol or code such as $, \u20ac or CHF")
    return value


Version = Annotated[int, AfterValidator(_version)]
"""The version of the IR. Not a literal, since True and 1.0 equal 1 but are other JSON values."""
Color = Annotated[str, AfterValidator(_color)]
"""An sRGB colour, `#RRGGBB`; kept in upper case so that spelling never changes the bytes."""
Name = Annotated[str, AfterValidator(_name)]
"""The name of an asset."""
Language = Annotated[str, AfterValidator(_language)]
"""A BCP 47 tag of language, optional script and optional region."""

CurrencySymbol = Annotated[
    str, StringConstraints(min_length=1, max_length=4), AfterValidator(_currency_symbol)
]
"""What stands before an amount of money."""

Line60 = Annotated[str, StringConstraints(max_length=60), AfterValidator(_single_line)]
Line120 = Annotated[str, StringConstraints(max_length=120), AfterValidator(_single_line)]
Line200 = Annotated[str, StringConstraints(max_length=200), AfterValidator(_single_line)]
Line400 = Annotated[str, StringConstraints(max_length=400), AfterValidator(_single_line)]
Line2000 = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_single_line)]
Title = Annotated[
    str, StringConstraints(min_length=1, max_length=120), AfterValidator(_single_line)
]
AltText = Annotated[str, StringConstraints(max_length=500), AfterValidator(_single_line)]
Quotation = Annotated[
    str, StringConstraints(min_length=1, max_length=500), AfterValidator(_single_line)
]
Code = Annotated[str, StringConstraints(max_length=4000), AfterValidator(multi_line)]
Notes = Annotated[str, StringConstraints(max_length=4000), AfterValidator(multi_line)]


_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_RIGHT_TO_LEFT_SCRIPTS = frozenset({"Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"})
_SCRIPT_LETTERS = 4


def right_to_left(language: str) -> bool:
    """Say whether text in that language runs from the right; a script in the tag decides."""
    own, *rest = language.split("-")
    script = next((part for part in rest if len(part) == _SCRIPT_LETTERS), "")
    return script in _RIGHT_TO_LEFT_SCRIPTS if script else own in _RIGHT_TO_LEFT
