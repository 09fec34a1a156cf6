"""How long to wait before trying again."""

JOB_BACKOFF_BASE_SECONDS = 5.0
JOB_BACKOFF_CAP_SECONDS = 120.0
ERROR_BACKOFF_BASE_SECONDS = 0.5
ERROR_BACKOFF_CAP_SECONDS = 60.0


def exponential(attempt: int, *, base_seconds: float, cap_seconds: float) -> float:
    """Return base · 2^(attempt-1), capped; `attempt` counts failures from 1."""
    # The exponent is bounded too, or a long outage would overflow the float.
    return float(min(base_seconds * 2 ** min(attempt - 1, 30), cap_seconds))


def after_failed_job(failures: int) -> float:
    """Return seconds to wait before the next Job after so many failed ones."""
    return exponential(
        failures, base_seconds=JOB_BACKOFF_BASE_SECONDS, cap_seconds=JOB_BACKOFF_CAP_SECONDS
    )


def after_error(errors: int) -> float:
    """Return seconds to wait before the next reconcile after so many that raised."""
    return exponential(
        errors, base_seconds=ERROR_BACKOFF_BASE_SECONDS, cap_seconds=ERROR_BACKOFF_CAP_SECONDS
    )
