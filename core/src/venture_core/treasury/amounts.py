"""Amounts of money and usage: whole minor units and micro-units; never a float. Pure, and light.

A minor unit is the smallest of a currency by ISO 4217: the cent, the yen, the thousandth of a
dinar. A micro-unit is a millionth of the currency's unit, whatever its minor unit is.
"""

from typing import Final

MICROS_PER_UNIT: Final = 1_000_000
MAX_UNITS: Final = 1_000_000_000
"""The most of any currency that one amount may be: sums of thousands of such fit into 64 bits."""
MAX_MICROS: Final = MAX_UNITS * MICROS_PER_UNIT

_DIGITS: Final = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0
    ),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_CODES: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
    "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
    "TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST YER ZAR ZMW ZWG "
)
_TWO_DIGITS: Final = frozenset(_CODES.split())


def is_currency(code: str) -> bool:
    """Return whether this is the code of a currency of ISO 4217 that money can be kept in."""
    return code in _TWO_DIGITS or code in _DIGITS


def minor_digits(currency: str) -> int:
    """Return how many decimal digits the currency's minor unit has. Raises ValueError."""
    if not is_currency(currency):
        raise ValueError(f"{currency} is no currency of ISO 4217")
    return _DIGITS.get(currency, 2)


def minor_micros(currency: str) -> int:
    """Return how many micro-units are in a minor unit: 10,000 in a cent. Raises ValueError."""
    return int(10 ** (6 - minor_digits(currency)))


def to_micros(minor: int, currency: str) -> int:
    """Return an amount of minor units in micro-units. Raises ValueError above a billion units."""
    micros = minor * minor_micros(currency)
    if micros > MAX_MICROS:
        raise ValueError(f"an amount is at most {MAX_UNITS:,} {currency}")
    return micros


def to_minor(micros: int, currency: str) -> int:
    """Return the whole minor units in an amount: what is less than one is left out."""
    return micros // minor_micros(currency)


def written(minor: int, currency: str) -> str:
    """Write an amount for people: 12.34 USD, 500 JPY, 1.005 KWD."""
    digits = minor_digits(currency)
    sign, number = "-" if minor < 0 else "", f"{abs(minor):0{digits + 1}d}"
    whole = f"{int(number[: len(number) - digits]):,}"
    return f"{sign}{whole}{f'.{number[-digits:]}' if digits else ''} {currency}"


def exactly(micros: int, currency: str) -> str:
    """Write an amount of micro-units for people, fractions of a minor unit too: 0.000041 USD."""
    fraction = f"{micros % MICROS_PER_UNIT:06d}"
    shown = fraction.rstrip("0").ljust(minor_digits(currency), "0")
    return f"{micros // MICROS_PER_UNIT:,}{f'.{shown}' if shown else ''} {currency}"


def readable(minor: object, currency: str) -> str:
    """Write an amount as an object of the cluster has it, whatever stands there."""
    if isinstance(minor, int) and is_currency(currency):
        return written(minor, currency)
    return f"{minor} minor units of {currency}"
