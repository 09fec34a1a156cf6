"""Prices: by the day, by tiers and caches; what has none is refused."""

import itertools
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from venture_core.llm.orders import Dialect, Order
from venture_core.llm.prices import PriceTable, UnpricedError, read_table, shipped_table
from venture_core.llm.usage import Usage

TODAY = date(2026, 11, 26)


def order(input_tokens: int, output_tokens: int, *lifetimes: str) -> Order:
    return Order(
        dialect=Dialect.MESSAGES,
        model="m",
        stream=False,
        input_tokens_max=input_tokens,
        output_tokens_max=output_tokens,
        cache_lifetimes=frozenset(lifetimes),
        body={},
    )


def table(*prices: dict[str, Any]) -> PriceTable:
    return read_table(json.dumps({"currency": "USD", "prices": prices}).encode())


def price(**changes: Any) -> dict[str, Any]:
    base = {
        "provider": "Anthropic",
        "model": "m",
        "since": "2026-01-01",
        "tiers": [{"input": "2", "output": "10"}],
    }
    return base | changes


@pytest.mark.parametrize(
    ("provider", "model", "usage", "micro_units"),
    [
        ("Anthropic", "claude-opus-5-5", Usage(input=1_000_000, output=1_000_000), 24_000_000),
        ("Anthropic", "claude-opus-5-5", Usage(cache_reads=10), 2),
        ("Anthropic", "claude-opus-5-5", Usage(cache_writes={"5m": 10, "1h": 10}), 130),
        # The tier is decided by the whole prompt, caches included, and all of the call pays it.
        ("Anthropic", "claude-haiku-5-5", Usage(input=100_000, output=1000), 10_500),
        ("Anthropic", "claude-haiku-5-5", Usage(input=100_001, output=1000), 52_501),
        ("Anthropic", "claude-haiku-5-5", Usage(input=1, cache_reads=100_000), 5001),
        ("OpenAI", "gpt-6.1-sol", Usage(input=272_000, output=1), 544_010),
        ("OpenAI", "gpt-6.1-sol", Usage(input=272_001, output=1), 1_088_019),
        ("OpenAI", "gpt-6.1-sol", Usage(cache_writes={"30m": 2}), 5),
        # A fraction of a micro-unit is rounded up, once.
        ("OpenAI", "gpt-6-luna", Usage(input=1), 1),
        ("OpenAI", "gpt-6-luna", Usage(input=1, cache_reads=1, output=1), 1),
        ("Scripted", "whatever", Usage(input=10, output=10), 60),
    ],
)
def test_what_a_usage_costs(provider: str, model: str, usage: Usage, micro_units: int) -> None:
    assert shipped_table().price(provider, model, TODAY).cost(usage) == micro_units


def test_a_price_holds_from_its_day_to_the_next() -> None:
    found = shipped_table()
    usage = Usage(cache_reads=1_000_000)
    for day, micro_units in ((date(2026, 10, 6), 200_000), (date(2026, 10, 7), 100_000)):
        assert found.price("Anthropic", "claude-sonnet-5-5", day).cost(usage) == micro_units
    with pytest.raises(UnpricedError, match="claude-sonnet-5-5"):
        found.price("Anthropic", "claude-sonnet-5-5", date(2026, 9, 27))
    with pytest.raises(UnpricedError):
        found.price("OpenAI", "gpt-5-mini", date(2026, 12, 11))


@pytest.mark.parametrize("model", ["claude-opus-latest", "claude-opus-5-5 ", "", "*", "m" * 200])
def test_other_models_have_no_price(model: str) -> None:
    with pytest.raises(UnpricedError, match="price table"):
        shipped_table().price("Anthropic", model, TODAY)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(cache_reads=1),
        Usage(cache_writes={"5m": 1}),
        Usage(cache_writes={"12h": 1}),
        Usage(input=1001),
    ],
)
def test_a_usage_without_a_price_is_not_free(usage: Usage) -> None:
    found = table(price(max_prompt_tokens=1000)).price("Anthropic", "m", TODAY)
    with pytest.raises(UnpricedError):
        found.cost(usage)


def test_the_worst_case_is_the_dearest_input_and_tier() -> None:
    haiku = shipped_table().price("Anthropic", "claude-haiku-5-5", TODAY)
    assert haiku.worst_case(order(1_000_000, 0)) == 500_000
    assert haiku.worst_case(order(100_000, 1_000_000)) == 10_000 + 500_000
    assert haiku.worst_case(order(100_000, 0, "5m", "1h")) == 20_000
    assert haiku.worst_case(order(200_000, 10, "1h")) == 200_025
    with pytest.raises(UnpricedError, match="12h"):
        haiku.worst_case(order(1, 1, "12h"))
    with pytest.raises(UnpricedError, match="1000000"):
        haiku.worst_case(order(1_000_001, 1))


@given(
    st.sampled_from(
        [each for each in shipped_table().prices if each.provider in {"Anthropic", "OpenAI"}]
    ),
    st.data(),
)
def test_no_usage_within_an_order_costs_more_than_its_worst_case(each: Any, data: Any) -> None:
    lifetimes = ["5m", "1h"] if each.provider == "Anthropic" else ["30m"]
    prompt = data.draw(st.integers(0, each.max_prompt_tokens))
    output = data.draw(st.integers(0, 128_000))
    asked = order(prompt, output, *lifetimes)
    parts = [0, *sorted(data.draw(st.lists(st.integers(0, prompt), min_size=4, max_size=4)))]
    steps = [b - a for a, b in itertools.pairwise(parts)]
    writes = dict(zip(lifetimes, steps[2:], strict=False))
    usage = Usage(
        input=steps[0],
        cache_reads=steps[1],
        cache_writes=writes,
        output=data.draw(st.integers(0, output)),
    )
    assert 0 <= each.cost(usage) <= each.worst_case(asked)


@pytest.mark.parametrize(
    "changes",
    [
        {"tiers": []},
        {"tiers": [{"above_tokens": 5, "input": "1", "output": "1"}]},
        {"tiers": [{"input": "1", "output": "1"}, {"input": "1", "output": "1"}]},
        {"tiers": [{"input": "-1", "output": "1"}]},
        {"tiers": [{"input": "NaN", "output": "1"}]},
        {"tiers": [{"input": "1", "output": "1", "cache_writes": {"ever": "1"}}]},
        {"model": "*"},
        {"provider": "Scripted"},
        {"provider": "Elsewhere"},
        {"discount": "1"},
    ],
)
def test_a_table_that_says_nonsense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        table(price(**changes))


def test_a_table_names_a_day_once() -> None:
    with pytest.raises(ValidationError, match="two prices"):
        table(price(), price())
