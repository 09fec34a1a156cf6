"""Types of currencies and amounts, as models have them."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from venture_core.treasury.amounts import MAX_MICROS, minor_digits


def _known(code: str) -> str:
    minor_digits(code)
    return code


Currency = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{3}$", max_length=3), AfterValidator(_known)
]
"""The code of a currency, by ISO 4217."""

Minor = Annotated[int, Field(ge=1, le=MAX_MICROS)]
"""An amount of money, in minor units of its currency; more than nothing."""

MinorOrNothing = Annotated[int, Field(ge=0, le=MAX_MICROS)]
"""An amount of money, in minor units of its currency."""

Micros = Annotated[int, Field(ge=0, le=MAX_MICROS)]
"""An amount of usage, in millionths of the currency's unit."""
