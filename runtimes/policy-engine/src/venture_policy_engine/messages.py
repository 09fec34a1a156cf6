"""What is asked and answered: the same over NATS and HTTP."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

if TYPE_CHECKING:
    from venture_core.policy.decision import Decision

MAX_MESSAGE_BYTES = 256 * 1024
MAX_TOKEN = 8192


class Call(BaseModel):
    """A call that an agent is about to make. Its role follows from its token."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    tool: Annotated[str, Field(min_length=1, max_length=64)]
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class Check(Call):
    """The same with the agent's token, over NATS."""

    token: Annotated[str, Field(min_length=1, max_length=MAX_TOKEN, repr=False)]


def answer(decision: Decision) -> dict[str, Any]:
    """Return what an agent is told."""
    return {
        "decision": str(decision.action),
        "rule": decision.rule,
        "reasonCode": str(decision.reason_code),
        "message": decision.message,
        "bundleHash": decision.bundle_hash,
    }
