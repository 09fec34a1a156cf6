"""Prometheus metrics of the treasury."""

from prometheus_client import Counter, Histogram

DECISIONS = Counter(
    "venture_money_decisions_total",
    "Operations that were decided, by kind and reason code.",
    ["kind", "code"],
)
DECISION_SECONDS = Histogram(
    "venture_money_decision_seconds",
    "From asking for a decision to its being durable.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
DECISION_BATCH = Histogram(
    "venture_money_decision_batch",
    "Operations per transaction.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
)
EXPIRED = Counter("venture_money_expired_total", "Holds and intents that were released unused.")
UNSETTLED = Counter(
    "venture_money_unsettled_total",
    "Calls of language models that nobody settled: the most they could cost was posted.",
)
