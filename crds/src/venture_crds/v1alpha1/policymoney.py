"""What a PolicyBundle says of money, and the amounts that other kinds speak of, too."""

from typing import Annotated, Final

from pydantic import Field

from venture_crds.base import SpecModel
from venture_crds.markers import ListMap, ListSet, Matches

CENTS_MAX: Final = 2**53 - 1

type Cents = Annotated[int, Field(ge=0, le=CENTS_MAX)]
"""An amount in hundredths of its currency's unit."""

type Currency = Annotated[
    str,
    Field(max_length=3),
    Matches("^[A-Z]{3}$", "must be a currency's ISO 4217 code: three capital letters"),
]
"""The code of a currency."""

type Category = Annotated[
    str,
    Field(max_length=4),
    Matches("^[0-9]{4}$", "must be a merchant category code: four digits"),
]
"""A merchant category code (ISO 18245)."""

type Quorum = Annotated[int, Field(ge=1, le=10)]
"""How many people have to approve."""

type ApprovalSeconds = Annotated[int, Field(ge=60, le=2_592_000)]
"""How long an approval is waited for, in seconds; then it counts as denied."""


class Velocity(SpecModel):
    """How fast money may go to a merchant."""

    cents: Cents
    """The most that may be spent in a window."""

    transactions: Annotated[int, Field(ge=1, le=1_000_000)]
    """How many payments there may be in a window."""

    window_seconds: Annotated[int, Field(ge=1, le=2_592_000)]
    """The length of the window, in seconds."""


class Merchant(SpecModel):
    """Somebody who may be paid."""

    id: Annotated[
        str,
        Field(max_length=128),
        Matches(
            r"^[a-z0-9]([-._a-z0-9]*[a-z0-9])?$",
            "must be a merchant's name: lowercase letters, digits, '-', '.' and '_', starting and "
            "ending with a letter or digit",
        ),
    ]
    """The merchant, as MoneyIntents name it."""

    categories: Annotated[tuple[Category, ...], Field(min_length=1, max_length=32), ListSet()]
    """For what: merchant category codes."""

    per_transaction_cents: Cents
    """The most that one payment may be."""

    velocity: Velocity | None = None
    """How fast money may go there. Unset: as fast as other limits allow."""


class ApprovalThreshold(SpecModel):
    """From which amount on people are asked."""

    above_cents: Cents
    """An intent with a larger cap waits for people."""

    quorum: Quorum
    """How many of them have to approve."""

    ttl_seconds: ApprovalSeconds | None = None
    """How long they are waited for, in seconds. Unset: a day."""


class MoneyPolicy(SpecModel):
    """What may be spent."""

    currencies: Annotated[tuple[Currency, ...], Field(min_length=1, max_length=16), ListSet()]
    """In which currencies. All amounts of the bundle are in the currency that is spent."""

    per_workflow_cents: Cents
    """The most that one workflow may spend, and that one MoneyIntent may ask for."""

    per_day_cents: Cents
    """The most that a namespace may spend in a day (UTC)."""

    merchants: Annotated[tuple[Merchant, ...], Field(max_length=200), ListMap("id")] = ()
    """Who may be paid. Nobody else."""

    approvals: Annotated[
        tuple[ApprovalThreshold, ...], Field(max_length=10), ListMap("aboveCents")
    ] = ()
    """From which amounts on people are asked."""
