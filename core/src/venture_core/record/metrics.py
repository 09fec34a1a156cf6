"""Prometheus metrics of the record; each is set by the process that knows it."""

from prometheus_client import Counter, Gauge, Histogram

_LATENCIES = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30)

APPEND_SECONDS = Histogram(
    "venture_event_append_seconds",
    "From asking for an event's append to its being durable.",
    buckets=_LATENCIES,
)
APPEND_BATCH = Histogram(
    "venture_event_append_batch",
    "Events per call of the append function.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
APPENDED = Counter(
    "venture_events_appended_total",
    "Events appended, by outcome: new, repeated, refused, or unknown (no answer in time).",
    ["outcome"],
)
LEADER = Gauge(
    "venture_record_leader", "1 where this process plays the role, 0 where it stands by.", ["role"]
)
STANDS_STILL = Gauge(
    "venture_record_stands_still",
    "1 where this process must not play the role until people have acted; its log says why.",
    ["role"],
)
ANCHOR_AGE_SECONDS = Gauge(
    "venture_anchor_age_seconds",
    "How long ago the object store was last known to hold the log's newest checkpoint.",
)
LOG_SIZE = Gauge("venture_log_size", "Events that have a place in the log.")
SEQUENCE_SECONDS = Histogram(
    "venture_event_sequence_seconds",
    "From an event's append to its place in the log being durable.",
    buckets=_LATENCIES,
)
PARTITION_FAILURES = Counter(
    "venture_record_partition_failures_total",
    "How often a month's partition could not be made ahead of time; it is tried again.",
)
CHECKPOINT_SECONDS = Histogram(
    "venture_checkpoint_seconds",
    "From an event's append to a signed checkpoint that covers it: the oldest event of each.",
    buckets=_LATENCIES,
)
CHECKPOINT_LAG_SECONDS = Gauge(
    "venture_checkpoint_lag_seconds",
    "Age of the oldest numbered event that no checkpoint covers; 0 where there is none.",
)
CHECKPOINT_SIZE = Gauge("venture_checkpoint_size", "Events under the newest checkpoint.")
RELAY_LAG_EVENTS = Gauge(
    "venture_relay_lag_events", "Numbered events that the stream has not acknowledged."
)
RELAY_LAG_SECONDS = Gauge(
    "venture_relay_lag_seconds",
    "Age of the oldest numbered event that the stream has not acknowledged; 0 where none.",
)
RELAY_SECONDS = Histogram(
    "venture_relay_seconds",
    "From an event's append to the stream's acknowledgement.",
    buckets=_LATENCIES,
)
RELAYED = Counter("venture_relay_published_total", "Events that the stream has acknowledged.")
RELAY_RECOVERIES = Counter(
    "venture_relay_recoveries_total",
    "How often the relay looked up where the stream ends, by cause.",
    ["cause"],
)
RELAY_MISSING = Counter(
    "venture_relay_missing_total",
    "Events of the log that the record no longer holds, and that could not be published.",
)
RELAY_UNREADABLE = Counter(
    "venture_relay_unreadable_total",
    "Events of the log whose bytes are no event, and that could not be published.",
)
RELAY_STRANGERS = Counter(
    "venture_relay_strangers_total",
    "Messages in the stream that are not the log's next events: somebody else publishes there.",
)
PHANTOMS = Gauge(
    "venture_record_phantoms",
    "Events that the stream holds, the record does not, and no event of the log has named yet.",
)
RELAY_ARCHIVED = Counter(
    "venture_relay_archived_total",
    "Events of archived months that a stream made anew does not get.",
)
PROJECTED = Counter("venture_projection_events_total", "Events applied to the read models.")
PROJECTION_SKIPPED = Counter(
    "venture_projection_skipped_total",
    "Events that a read model could not take in; projection.skipped_events names them.",
)
PROJECTION_LAG_EVENTS = Gauge(
    "venture_projection_lag_events", "Numbered events that the read models do not show yet."
)
