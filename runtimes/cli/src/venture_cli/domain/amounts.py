"""Amounts of money as people write them: 1000, 12.34; never a float."""

import re
from typing import Final

from venture_core.treasury.amounts import MAX_UNITS, is_currency, minor_digits

_AMOUNT: Final = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,6}))?")


def parse_currency(text: str) -> str:
    """Return the code of a currency of ISO 4217, in whatever case it is typed; else ValueError."""
    if not is_currency(code := text.upper()):
        raise ValueError(f"{text!r} is no currency of ISO 4217, such as USD")
    return code


def parse_amount(text: str, currency: str) -> int:
    """Return the minor units in an amount of a currency; ValueError where it is none.

    More digits than the currency has are refused, not rounded.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no amount, such as 1000 or 12.34")
    whole, fraction, digits = found[1], found[2] or "", minor_digits(currency)
    if len(fraction) > digits:
        raise ValueError(f"{currency} has {digits} digits after the point, {text!r} has more")
    minor = int(whole + fraction.ljust(digits, "0"))
    if not 0 < minor <= MAX_UNITS * 10**digits:
        raise ValueError(f"an amount is more than nothing and at most {MAX_UNITS:,} {currency}")
    return minor
