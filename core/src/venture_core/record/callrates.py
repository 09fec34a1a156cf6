"""How often agents call tools, counted in this process: `callsPerMinute` of their roles."""

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

from venture_core.record.agents import call_limit, called_too_often

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.policy.decision import Decision
    from venture_core.record.agents import Agent

MINUTE: Final = 60.0
MAX_COUNTED: Final = 10_000
"""How many workloads' calls are counted. Of more, those that called longest ago start anew."""


class CallRates:
    """How often each workload called each tool within the last minute."""

    def __init__(self) -> None:
        self._calls: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def count(self, agent: Agent, tool: str, now: datetime) -> Decision | None:
        """Count a call; return its refusal, and do not count it, beyond what may be made."""
        limit = call_limit(agent, tool)
        if limit is None or self._take((agent.job, tool), limit, now.timestamp()):
            return None
        return called_too_often(agent, tool, limit)

    def _take(self, key: tuple[str, str], limit: int, moment: float) -> bool:
        calls = self._calls.setdefault(key, deque())
        self._calls.move_to_end(key)
        if len(self._calls) > MAX_COUNTED:
            self._calls.popitem(last=False)
        while calls and calls[0] <= moment - MINUTE:
            calls.popleft()
        if len(calls) >= limit:
            return False
        calls.append(moment)
        return True
