"""The policy engine's checks: who calls, what is frozen, the task, the role, how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from venture_policy_engine.checks import Rates

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_calls_are_counted_within_a_minute() -> None:
    rates = Rates()
    assert [rates.take("job/tool", 2, NOW) for _ in range(3)] == [True, True, False]
    assert rates.take("job/other", 2, NOW)
    assert not rates.take("job/tool", 2, NOW + timedelta(seconds=59))
    assert rates.take("job/tool", 2, NOW + timedelta(seconds=60))
