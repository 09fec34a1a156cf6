"""What a call used, in one form for all dialects."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TOKENS: Final = 2**40
"""More than any provider counts in one call: what is beyond is no count."""


class UsageUnreadableError(ValueError):
    """What a provider says of the usage is not in a form that is known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call, each counted once: no part contains another."""

    input: int = 0
    """Neither read from a cache nor written to one."""
    cache_reads: int = 0
    cache_writes: Mapping[str, int] = field(default_factory=dict)
    """By how long the provider keeps them: 5m, 30m, 1h, 12h."""
    output: int = 0
    """Thinking included, wherever it is billed as output."""
    reasoning: int = 0
    """The part of the output that was thought and not said; it has no price of its own."""

    @property
    def prompt(self) -> int:
        """All tokens of the input, which decide on the tier of the price."""
        return self.input + self.cache_reads + sum(self.cache_writes.values())


def known(fields: Mapping[str, Any], names: frozenset[str], *, of: str) -> None:
    """Raise UsageUnreadableError for a field that says something and is not known.

    An unknown field with nothing in it (null, zero, empty) changes no price.
    """
    unknown = sorted(name for name, value in fields.items() if value and name not in names)
    if unknown:
        raise UsageUnreadableError(f"{of} has unknown fields: {', '.join(unknown)[:200]}")


def count(fields: Mapping[str, Any], name: str) -> int:
    """Return a count of tokens, 0 where there is none. Raises UsageUnreadableError."""
    value = fields.get(name)
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= MAX_TOKENS:
        raise UsageUnreadableError(f"{name} is no count of tokens")
    return value


def part(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object within another, empty where there is none. Raises UsageUnreadableError."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageUnreadableError(f"{name} is no object")
    return value
