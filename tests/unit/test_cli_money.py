"""Amounts as people write them, and budgets as a tree."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_cli.domain.amounts import parse_amount, parse_currency
from venture_cli.domain.budgets import in_tree
from venture_cli.domain.intent import facts
from venture_core.treasury.amounts import exactly, minor_digits, readable, written
from venture_core.treasury.models import Budget


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1000", "USD", 100_000),
        ("12.34", "USD", 1234),
        ("12.3", "USD", 1230),
        ("0.01", "USD", 1),
        ("500", "JPY", 500),
        ("1.005", "KWD", 1005),
        ("1000000000", "USD", 10**11),
    ],
)
def test_amounts_are_whole_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        *((text, "USD") for text in ("0", "0.00", "-1", "+1", "1e3", "1,000", "", "1.", ".5")),
        *((text, "USD") for text in ("12.345", "1000000000.01", "10000000000", "\u0661", "1 USD")),
        ("1.0", "JPY"),
        ("1.0005", "KWD"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"amount|digits"):
        parse_amount(text, currency)


@given(st.integers(1, 10**11), st.sampled_from(["USD", "JPY", "KWD"]))
def test_what_is_written_is_read_as_the_same(minor: int, currency: str) -> None:
    text = written(minor, currency).removesuffix(f" {currency}").replace(",", "")
    limit = 10**9 * 10 ** minor_digits(currency)
    if minor <= limit:
        assert parse_amount(text, currency) == minor


def test_currencies_are_those_of_the_standard() -> None:
    assert parse_currency("usd") == "USD"
    for text in ("XXX", "dollars", ""):
        with pytest.raises(ValueError, match="no currency"):
            parse_currency(text)


def test_what_an_object_says_is_written_as_money_whatever_it_is() -> None:
    assert readable(15_000, "USD") == "150.00 USD"
    assert readable(15_000, "JPY") == "15,000 JPY"
    assert readable("many", "USD") == "many minor units of USD"
    assert readable(1, "XXX") == "1 minor units of XXX"
    intent = {
        "spec": {"capCents": 15_000, "currency": "USD"},
        "status": {"hold": {"pendingCents": 11_000, "postedCents": 4_000}},
    }
    shown = facts(intent)
    amounts = (shown["cap"], shown["held"], shown["spent"])
    assert amounts == ("150.00 USD", "110.00 USD", "40.00 USD")


@pytest.mark.parametrize(
    ("micros", "currency", "text"),
    [
        (0, "USD", "0.00 USD"),
        (41, "USD", "0.000041 USD"),
        (1_234_500_000, "USD", "1,234.50 USD"),
        (5_000_000, "JPY", "5 JPY"),
        (5_100_000, "JPY", "5.1 JPY"),
    ],
)
def test_fractions_of_a_cent_are_shown(micros: int, currency: str, text: str) -> None:
    assert exactly(micros, currency) == text


def _budget(number: int, parent: int | None) -> Budget:
    return Budget(
        id=UUID(int=number),
        parent=None if parent is None else UUID(int=parent),
        kind="Task",
        purpose="All",
        name=str(number),
        state="Open",
        currency="USD",
        limit_micros=0,
        held_micros=0,
        spent_micros=0,
    )


def test_budgets_come_below_what_they_are_part_of() -> None:
    given = [_budget(1, None), _budget(2, None), _budget(3, 1), _budget(4, 3), _budget(5, 1)]
    shown = [(depth, each.id.int) for depth, each in in_tree([*given, _budget(6, 99)])]
    assert shown == [(0, 1), (1, 3), (2, 4), (1, 5), (0, 2), (0, 6)]
