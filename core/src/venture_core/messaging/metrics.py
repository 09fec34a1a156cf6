"""Prometheus metrics of consumers, and of connections to NATS."""

from prometheus_client import Counter, Gauge, Histogram

LOGIN_REFUSED = Gauge(
    "venture_nats_login_refused",
    "1 where NATS refuses the login of this process: people must act.",
    ["client"],
)
HANDLED = Counter(
    "venture_consumer_events_total",
    "Events that were settled, by outcome: handled, repeated, or dead (to the dead letters).",
    ["consumer", "outcome"],
)
HANDLE_SECONDS = Histogram(
    "venture_consumer_handle_seconds",
    "How long the handling of an event took, failed attempts apart.",
    ["consumer"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)
FAILED = Counter(
    "venture_consumer_failed_attempts_total", "Attempts at handling that failed.", ["consumer"]
)
REDELIVERED = Counter(
    "venture_consumer_redeliveries_total",
    "Events that were delivered again after nobody had acknowledged them.",
    ["consumer"],
)
REFUSED = Counter(
    "venture_consumer_refused_total",
    "Messages that the record does not know: somebody else publishes, or the database forgot.",
    ["consumer"],
)
GAP_EVENTS = Counter(
    "venture_consumer_gap_events_total",
    "Events that the stream did not bring in their place: filled from the record, or lost.",
    ["consumer", "outcome"],
)
LAG = Gauge(
    "venture_consumer_lag_events",
    "Events of the stream that the consumer has not acknowledged.",
    ["consumer"],
)
