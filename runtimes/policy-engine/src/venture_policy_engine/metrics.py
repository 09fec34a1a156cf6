"""What the policy engine counts."""

from typing import Final

from prometheus_client import Counter, Histogram

CHECKS: Final = Counter(
    "venture_policy_checks",
    "Calls of tools that agents asked about, by what was said",
    ("decision", "reason_code"),
)
CHECK_SECONDS: Final = Histogram(
    "venture_policy_check_seconds",
    "Time from a request to its answer",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
)
