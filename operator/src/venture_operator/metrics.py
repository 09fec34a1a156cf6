"""The operator's Prometheus metrics."""

from prometheus_client import Counter, Gauge, Histogram

QUEUE_DEPTH = Gauge("venture_queue_depth", "Objects waiting to be reconciled.", ["kind"])
QUEUE_SECONDS = Histogram(
    "venture_queue_seconds",
    "How long an object waited from its wake-up to its reconcile.",
    ["kind"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120),
)
RECONCILE_SECONDS = Histogram(
    "venture_reconcile_seconds",
    "How long a reconcile took, by how it ended.",
    ["kind", "outcome"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)
JOBS_CREATED = Counter("venture_jobs_created_total", "Jobs created.", ["kind"])
CHILDREN_CREATED = Counter(
    "venture_children_created_total",
    "Objects created for others, by the kind that asked and their own.",
    ["kind", "child"],
)
WARM_WAITING = Gauge("venture_warm_workers_waiting", "Compile Jobs that wait for a build.")
WARM_CLAIMED = Counter(
    "venture_warm_workers_claimed_total", "Compile Jobs that waited and were given a build."
)
WARM_MISSED = Counter(
    "venture_warm_workers_missed_total",
    "Builds that could have had a compile Job that waits, but none did.",
)
JOBS_RUNNING = Gauge("venture_jobs_running", "Objects whose Job runs or starts.", ["kind"])
JOBS_WAITING = Gauge("venture_jobs_waiting", "Objects that wait for their turn.", ["kind"])
FINISHED = Counter(
    "venture_finished_total", "Objects whose work ended, by kind and reason.", ["kind", "reason"]
)
API_REQUESTS = Counter(
    "venture_kubernetes_requests_total",
    "Requests to the API server; code 0 means no answer.",
    ["verb", "resource", "code"],
)
API_SECONDS = Histogram(
    "venture_kubernetes_request_seconds",
    "How long requests to the API server took.",
    ["verb", "resource"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)
WATCH_MISSED = Counter(
    "venture_watch_missed_total",
    "Changes that a resync found before the watch told them.",
    ["kind"],
)
RESYNC_FAILURES = Counter(
    "venture_resync_failures_total", "Resyncs that could not list a resource.", ["resource"]
)
WATCH_UP = Gauge(
    "venture_watch_up",
    "1 while a watch tells what changes, 0 while the API server refuses it.",
    ["resource", "watched_namespace"],
)
WATCH_RESTARTS = Counter(
    "venture_watch_restarts_total",
    "Runs of watches that ended by themselves, or said nothing, and were started again.",
    ["resources"],
)
IS_LEADER = Gauge("venture_leader", "1 on the replica that reconciles, 0 on the standby.")

CERTIFICATE_ENDS = Gauge(
    "venture_serving_certificate_ends_timestamp_seconds",
    "When the certificate of a service ends, in seconds of Unix time.",
    ["secret"],
)


def observe_api_request(verb: str, resource: str, code: int, seconds: float) -> None:
    """Count one request to the API server."""
    API_REQUESTS.labels(verb, resource, str(code)).inc()
    API_SECONDS.labels(verb, resource).observe(seconds)
