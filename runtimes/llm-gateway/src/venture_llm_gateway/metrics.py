"""Metrics of the gateway. Models are those of the price table, so labels are bounded."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)

CALLS: Final = Histogram(
    "venture_llm_call_seconds",
    "Time of a call of a language model, from its hold to its settlement.",
    ("provider", "outcome"),
    buckets=_BUCKETS,
)
FIRST_BYTE: Final = Histogram(
    "venture_llm_first_byte_seconds",
    "Time until a provider began to answer, its queue and further tries included.",
    ("provider",),
    buckets=_BUCKETS,
)
TOKENS: Final = Counter(
    "venture_llm_tokens_total", "Tokens used, by where they count.", ("provider", "model", "part")
)
COST: Final = Counter(
    "venture_llm_cost_micro_units_total",
    "What calls cost, in millionths of the currency's unit.",
    ("provider", "model", "currency"),
)
REFUSED: Final = Counter(
    "venture_llm_refused_total", "Calls refused before they were made.", ("code",)
)
RETRIES: Final = Counter("venture_llm_retries_total", "Further tries of a provider.", ("provider",))
BREAKER: Final = Gauge(
    "venture_llm_provider_broken", "1 while a provider counts as broken.", ("provider",)
)
UNPRICED: Final = Counter(
    "venture_llm_unpriced_total",
    "Answers whose usage could not be priced: they cost what was held.",
    ("provider",),
)
OVER_HOLD: Final = Counter(
    "venture_llm_over_hold_total", "Calls that cost more than their worst case.", ("provider",)
)
UNSETTLED: Final = Counter(
    "venture_llm_unsettled_total",
    "Holds that could not be settled: the treasury posts all of them.",
)
UNRECORDED: Final = Counter(
    "venture_llm_unrecorded_total", "Calls whose event could not be recorded."
)
