"""Prices of models: data with dates, and what a usage costs by them.

Amounts are in micro-units (10^-6 of a currency's major unit). A price is per million tokens, so
that a price of 2.50 is two and a half micro-units a token. A call's cost is the exact sum, rounded
up to a whole micro-unit once.
"""

import math
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

if TYPE_CHECKING:
    from venture_core.llm.orders import Order
    from venture_core.llm.usage import Usage

ANY_MODEL: Final = "*"
MAX_FILE_BYTES: Final = 1024 * 1024

type Rate = Annotated[Decimal, Field(ge=0, le=100_000, max_digits=12, decimal_places=6)]
"""Of a million tokens, in the table's currency."""
type Lifetime = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}[mh]$")]
type ProviderName = Literal["Anthropic", "OpenAI", "Scripted"]


class UnpricedError(LookupError):
    """There is no price for what is asked for, so it may not be asked for."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Tier(_Data):
    """Prices of calls whose prompt is longer than `above_tokens`; all of the call pays them."""

    above_tokens: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    input: Rate
    output: Rate
    cache_read: Rate | None = None
    cache_writes: Annotated[dict[Lifetime, Rate], Field(max_length=8)] = {}

    def reached_by(self, prompt_tokens: int) -> bool:
        """Return whether a prompt is long enough: one of exactly the bound is not above it."""
        return self.above_tokens == 0 or prompt_tokens > self.above_tokens

    def cost(self, usage: Usage) -> Decimal:
        """Return the exact cost in micro-units. Raises UnpricedError."""
        total = usage.input * self.input + usage.output * self.output
        if usage.cache_reads:
            if self.cache_read is None:
                raise UnpricedError("reads from a cache have no price")
            total += usage.cache_reads * self.cache_read
        for lifetime, tokens in usage.cache_writes.items():
            if not tokens:
                continue
            if lifetime not in self.cache_writes:
                raise UnpricedError(f"writes to a cache of {lifetime} have no price")
            total += tokens * self.cache_writes[lifetime]
        return total

    def dearest_input(self, lifetimes: frozenset[str]) -> Decimal:
        """Return what a token of input can cost at most. Raises UnpricedError."""
        missing = sorted(lifetimes - self.cache_writes.keys())
        if missing:
            raise UnpricedError(f"writes to a cache of {', '.join(missing)} have no price")
        writes = [self.cache_writes[lifetime] for lifetime in lifetimes]
        return max([self.input, self.cache_read or self.input, *writes])


class Price(_Data):
    """What a model costs from a day on (UTC), until its next price."""

    provider: ProviderName
    model: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    """Exactly as it is asked for: an alias is a model of its own. `*` is for scripted ones."""
    since: date
    until: date | None = None
    """The first day on which it is no price any more."""
    max_prompt_tokens: Annotated[int, Field(ge=1)] | None = None
    """A longer prompt has no price that is known, and is refused."""
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=8)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        begins = [tier.above_tokens for tier in self.tiers]
        if begins[0] != 0 or begins != sorted(set(begins)):
            raise ValueError("tiers begin at 0 tokens and rise")
        if (self.model == ANY_MODEL) != (self.provider == "Scripted"):
            raise ValueError("the model * is for the provider Scripted, and it has no other")
        return self

    def cost(self, usage: Usage) -> int:
        """Return what a usage costs, in micro-units. Raises UnpricedError."""
        if self.max_prompt_tokens is not None and usage.prompt > self.max_prompt_tokens:
            raise UnpricedError(f"a prompt of {usage.prompt} tokens has no price")
        tier = [each for each in self.tiers if each.reached_by(usage.prompt)][-1]
        return math.ceil(tier.cost(usage))

    def worst_case(self, order: Order) -> int:
        """Return the most that a call can cost, in micro-units. Raises UnpricedError.

        All of its input at the dearest of the input's prices, all the output it may give, in the
        dearest tier that it may reach.
        """
        longest = order.input_tokens_max
        if self.max_prompt_tokens is not None and longest > self.max_prompt_tokens:
            raise UnpricedError(
                f"the prompt may have {longest} tokens, and above {self.max_prompt_tokens} "
                f"{self.model} has no price here"
            )
        return max(
            math.ceil(
                longest * tier.dearest_input(order.cache_lifetimes)
                + order.output_tokens_max * tier.output
            )
            for tier in self.tiers
            if tier.reached_by(longest)
        )


class PriceTable(_Data):
    """All prices. Scripted conversations are priced in whatever currency a budget has."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    prices: Annotated[tuple[Price, ...], Field(max_length=2000)]

    @model_validator(mode="after")
    def _no_two_at_once(self) -> Self:
        seen = [(each.provider, each.model, each.since) for each in self.prices]
        if len(set(seen)) != len(seen):
            raise ValueError("a model has two prices since one day")
        return self

    def price(self, provider: str, model: str, day: date) -> Price:
        """Return the price of that day. Raises UnpricedError."""
        name = ANY_MODEL if provider == "Scripted" else model
        found = [
            each
            for each in self.prices
            if (each.provider, each.model) == (provider, name) and each.since <= day
        ]
        newest = max(found, key=lambda each: each.since, default=None)
        if newest is None or (newest.until is not None and newest.until <= day):
            raise UnpricedError(
                f"{provider}'s model {model!r} has no price on {day}: name a model of the price "
                "table exactly, or have the platform's operators add its price"
            )
        return newest

    def models(self, provider: str, day: date) -> tuple[str, ...]:
        """Return the names of a provider's models that have a price on that day."""
        names = {each.model for each in self.prices if each.provider == provider}
        return tuple(sorted(name for name in names if self._has(provider, name, day)))

    def _has(self, provider: str, model: str, day: date) -> bool:
        try:
            self.price(provider, model, day)
        except UnpricedError:
            return False
        return True


def read_table(data: bytes) -> PriceTable:
    """Read a table from JSON. Raises ValueError."""
    if len(data) > MAX_FILE_BYTES:
        raise ValueError(f"a price table has at most {MAX_FILE_BYTES} bytes")
    return PriceTable.model_validate_json(data)


@cache
def shipped_table() -> PriceTable:
    """Return the table that comes with this version."""
    return read_table(files("venture_core.llm").joinpath("prices.json").read_bytes())
