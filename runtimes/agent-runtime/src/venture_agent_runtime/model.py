"""The model, by the official SDK against the gateway, which holds keys, money and rules."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import anthropic
import httpx2

from venture_agent_runtime.away import FrozenError, ServiceAwayError, patiently
from venture_agent_runtime.calling import calling, within

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from anthropic.types import MessageParam
    from venture_core.agents.assignment import AgentAssignment

    from venture_agent_runtime.services import Tokens
    from venture_agent_runtime.settings import Settings
    from venture_agent_runtime.tools import Json

AUDIENCE: Final = "venture-llm-gateway"
RETRIES: Final = 3
"""How often the SDK asks again by itself."""
ANSWER_SECONDS: Final = 600.0


class BudgetExhaustedError(Exception):
    """The gateway says that the budget has no room for another answer."""


class ModelFailedError(Exception):
    """The model gives no answer; `may_pass` says whether another attempt may get one."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the model."""

    content: Sequence[Json]
    stop_reason: str | None


class Model:
    """Asks the assigned model."""

    def __init__(
        self,
        assignment: AgentAssignment,
        settings: Settings,
        tokens: Tokens,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._assignment = assignment
        self._patience_seconds = settings.patience_seconds
        self._tokens = tokens
        self._client = anthropic.AsyncAnthropic(
            base_url=settings.llm_gateway_url,
            api_key="read anew for each call",
            max_retries=RETRIES,
            timeout=within(ANSWER_SECONDS),
            http_client=calling(tls, ANSWER_SECONDS),
        )

    async def answer(self, system: str, messages: Sequence[Json], tools: Sequence[Json]) -> Answer:
        """Return the next answer. Raises BudgetExhaustedError, FrozenError, ModelFailedError."""
        trying = patiently(self._patience_seconds)
        try:
            answer: Answer = await trying(self._ask, system, messages, tools)
        except ServiceAwayError as error:
            raise ModelFailedError(str(error), may_pass=True) from error
        return answer

    async def _ask(self, system: str, messages: Sequence[Json], tools: Sequence[Json]) -> Answer:
        assignment = self._assignment
        client = self._client.with_options(api_key=self._tokens.of(AUDIENCE))
        more: dict[str, Any] = {"tools": list(tools)} if tools else {}
        try:
            message = await client.messages.create(
                model=assignment.model.name,
                max_tokens=assignment.limits.max_tokens,
                system=system,
                messages=cast("list[MessageParam]", list(messages)),
                **more,
            )
        except anthropic.PaymentRequiredError as error:
            raise BudgetExhaustedError from error
        except anthropic.APIStatusError as error:
            if error.status_code == httpx2.codes.LOCKED:
                raise FrozenError(_sentence(error)) from error
            message_ = f"the gateway says {error.status_code}: {_sentence(error)}"
            if error.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
                raise ServiceAwayError(message_) from error
            may_pass = error.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR or (
                error.status_code == httpx2.codes.TOO_MANY_REQUESTS
            )
            raise ModelFailedError(message_, may_pass=may_pass) from error
        except anthropic.APIConnectionError as error:
            raise ServiceAwayError("the gateway does not answer") from error
        content = [block.model_dump(mode="json", exclude_none=True) for block in message.content]
        return Answer(content, message.stop_reason)

    async def close(self) -> None:
        """Drop the connections."""
        await self._client.close()


def _sentence(error: anthropic.APIStatusError) -> str:
    """Return what the gateway says: its own words, which hold no prompt."""
    body = error.body
    inner = body.get("error") if isinstance(body, dict) else None
    said = inner.get("message") if isinstance(inner, dict) else None
    return str(said or type(error).__name__)[:300]
