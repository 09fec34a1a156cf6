"""Answers over NATS, in a queue group: whichever replica is free. No answer means deny."""

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

import structlog
from pydantic import ValidationError
from venture_core.policy.decision import ReasonCode, refusal

from venture_policy_engine.messages import MAX_MESSAGE_BYTES, Check, answer

if TYPE_CHECKING:
    from nats.aio.client import Client

    from venture_policy_engine.checks import Checks

SUBJECT: Final = "svc.policy.check.tool_allowlist"
"""Where it listens. The server maps `policy.check.tool_allowlist` to it, and no other subject."""
GROUP: Final = "policy-engine"
AT_ONCE: Final = 256
"""How many checks are made at once; what comes above is not answered, which denies it."""

log = structlog.get_logger(__name__)


class Responder:
    """Answers checks until it is closed."""

    def __init__(self, client: Client, checks: Checks) -> None:
        self._client = client
        self._checks = checks
        self._at_work: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. The client listens again after it was disconnected."""
        await self._client.subscribe(SUBJECT, queue=GROUP, cb=self._take)

    async def _take(self, message: Any) -> None:  # noqa: ANN401  the library has no types
        if not message.reply or len(self._at_work) >= AT_ONCE:
            return
        task = asyncio.create_task(self._answer(message))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _answer(self, message: Any) -> None:  # noqa: ANN401
        try:
            decision = await self._decide(message.data)
            await message.respond(json.dumps(answer(decision)).encode())
        except Exception:
            # Whatever it is, the caller gets no answer, and takes that for a denial.
            log.exception("check_failed")

    async def _decide(self, data: bytes) -> Any:  # noqa: ANN401
        if len(data) > MAX_MESSAGE_BYTES:
            return refusal("limits", ReasonCode.REQUEST_TOO_LARGE, "the request is too large")
        try:
            check = Check.model_validate_json(data)
        except ValidationError:
            message = "the request is none: token, tool and arguments are expected"
            return refusal("limits", ReasonCode.REQUEST_TOO_LARGE, message)
        return await self._checks.decide(check.token, check)
