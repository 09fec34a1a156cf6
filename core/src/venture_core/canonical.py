"""Canonical JSON (RFC 8785) and SHA-256: the one way bytes are made to be hashed or signed.

Everything here is pure. Two values that are equal as JSON give the same bytes on every machine.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isfinite

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader represents exactly (RFC 7493, I-JSON)."""

_DECIMAL_POINT_MAX = 21
_DECIMAL_POINT_MIN = -6


class CanonicalJsonError(ValueError):
    """The value has no canonical JSON form: not finite, not I-JSON, or not JSON at all."""


def canonical_json(value: object) -> bytes:
    """Serialise `value` as RFC 8785 canonical JSON in UTF-8.

    Accepts None, booleans, strings, finite floats, integers within ±(2**53 - 1), and mappings with
    string keys and sequences of those, some hundred levels deep. Raises `CanonicalJsonError` for
    anything else.
    """
    parts: list[str] = []
    try:
        _write(value, parts)
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalJsonError("a string holds a lone surrogate, which is not Unicode") from error
    except RecursionError:
        raise CanonicalJsonError("the value is nested too deeply") from None


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _write(value: object, parts: list[str]) -> None:
    match value:
        case None:
            parts.append("null")
        case bool():
            parts.append("true" if value else "false")
        case str():
            # json.dumps escapes exactly what RFC 8785 §3.2.2.2 escapes, in the same spelling.
            parts.append(json.dumps(value, ensure_ascii=False))
        case int():
            parts.append(_integer(value))
        case float():
            parts.append(_number(value))
        case Mapping():
            _write_object(value, parts)
        case Sequence() if not isinstance(value, (bytes, bytearray, memoryview)):
            _write_array(value, parts)
        case _:
            raise CanonicalJsonError(f"{type(value).__name__} is not a JSON type")


def _write_array(value: Sequence[object], parts: list[str]) -> None:
    parts.append("[")
    for index, item in enumerate(value):
        if index:
            parts.append(",")
        _write(item, parts)
    parts.append("]")


def _write_object(value: Mapping[object, object], parts: list[str]) -> None:
    members = sorted((_sort_key(key), key, item) for key, item in value.items())
    parts.append("{")
    for index, (_, key, item) in enumerate(members):
        if index:
            parts.append(",")
        _write(key, parts)
        parts.append(":")
        _write(item, parts)
    parts.append("}")


def _sort_key(key: object) -> bytes:
    """Names sort by UTF-16 code units (RFC 8785 §3.2.3), which big-endian UTF-16 bytes preserve."""
    if not isinstance(key, str):
        raise CanonicalJsonError(f"object names are strings, not {type(key).__name__}")
    return key.encode("utf-16-be", "surrogatepass")


def _integer(value: int) -> str:
    if abs(value) > MAX_SAFE_INTEGER:
        raise CanonicalJsonError("an integer beyond ±(2**53 - 1) loses digits in other readers")
    return str(value)


def _number(value: float) -> str:
    """Format as ECMAScript's Number::toString does: shortest digits that read back the same."""
    if not isfinite(value):
        raise CanonicalJsonError("NaN and Infinity are not JSON numbers")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    shortest = Decimal(repr(abs(value))).normalize()
    digits = "".join(map(str, shortest.as_tuple().digits))
    point = shortest.adjusted() + 1
    return sign + _place_point(digits, point)


def _place_point(digits: str, point: int) -> str:
    """Write 0.`digits` times 10**`point`, with an exponent only where ECMAScript has one."""
    if _DECIMAL_POINT_MIN < point <= 0:
        return "0." + "0" * -point + digits
    if 0 < point <= _DECIMAL_POINT_MAX:
        if len(digits) <= point:
            return digits + "0" * (point - len(digits))
        return digits[:point] + "." + digits[point:]
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    exponent = point - 1
    return f"{digits[0]}{fraction}e{'+' if exponent > 0 else '-'}{abs(exponent)}"
