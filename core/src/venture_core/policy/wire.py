"""Requests as JSON: what `venture policy` reads and the policy engine is asked over HTTP."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter
from pydantic.alias_generators import to_camel
from venture_crds.v1alpha1.policybundle import Governed, Provider

from venture_core.policy.request import (
    Connection,
    ModelCall,
    ObjectRequest,
    Request,
    Spend,
    ToolCall,
)

if TYPE_CHECKING:
    from venture_core.policy.decision import Decision

Name = Annotated[str, Field(max_length=253)]


class _Wire(BaseModel):
    """A request from outside: no field too many."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    namespace: Name = "default"
    now: datetime | None = None
    """When it is judged; unset: now."""


class _OfRole(_Wire):
    role: Name


class ToolCallRequest(_OfRole):
    """A call of a tool."""

    kind: Literal["ToolCall"]
    tool: Name
    args: dict[str, JsonValue] = Field(default_factory=dict)

    def request(self, now: datetime) -> Request:
        """Return the request."""
        return ToolCall(
            namespace=self.namespace,
            role=self.role,
            now=self.now or now,
            tool=self.tool,
            arguments=self.args,
        )


class ModelCallRequest(_OfRole):
    """A call of a model."""

    kind: Literal["ModelCall"]
    provider: Provider
    model: Name

    def request(self, now: datetime) -> Request:
        """Return the request."""
        return ModelCall(
            namespace=self.namespace,
            role=self.role,
            now=self.now or now,
            provider=self.provider,
            model=self.model,
        )


class ConnectionRequest(_OfRole):
    """A connection to the web."""

    kind: Literal["Connection"]
    host: Name
    port: Annotated[int, Field(ge=1, le=65_535)] = 443

    def request(self, now: datetime) -> Request:
        """Return the request."""
        return Connection(
            namespace=self.namespace,
            role=self.role,
            now=self.now or now,
            host=self.host,
            port=self.port,
        )


class SpendRequest(_OfRole):
    """A payment."""

    kind: Literal["Spend"]
    merchant: Name
    category: Name
    currency: Name
    cents: Annotated[int, Field(ge=0, le=2**53 - 1)]

    def request(self, now: datetime) -> Request:
        """Return the request."""
        return Spend(
            namespace=self.namespace,
            role=self.role,
            now=self.now or now,
            merchant=self.merchant,
            category=self.category,
            currency=self.currency,
            cents=self.cents,
        )


class ObjectWireRequest(_Wire):
    """An object that is to be accepted."""

    kind: Literal["ArtifactBuild", "MoneyIntent", "Workflow"]
    name: Name = "example"
    spec: dict[str, JsonValue]
    requester: dict[str, JsonValue] = Field(default_factory=dict)

    def request(self, now: datetime) -> Request:
        """Return the request."""
        return ObjectRequest(
            kind=Governed(self.kind),
            namespace=self.namespace,
            name=self.name,
            spec=dict(self.spec),
            now=self.now or now,
            requester=dict(self.requester),
        )


WireRequest = Annotated[
    ToolCallRequest | ModelCallRequest | ConnectionRequest | SpendRequest | ObjectWireRequest,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[WireRequest] = TypeAdapter(WireRequest)


def read_request(value: object, now: datetime) -> Request:
    """Return the request that a mapping describes. Raises pydantic's ValidationError."""
    return _ADAPTER.validate_python(value).request(now)


def written(decision: Decision) -> dict[str, Any]:
    """Return a decision as JSON, with everything that was found."""
    return {
        "decision": str(decision.action),
        "rule": decision.rule,
        "reasonCode": str(decision.reason_code),
        "message": decision.message,
        "bundleHash": decision.bundle_hash,
        **({"quorum": decision.quorum} if decision.quorum else {}),
        "findings": [
            {
                "action": str(each.action),
                "rule": each.rule,
                "reasonCode": str(each.reason_code),
                "message": each.message,
                "bundleHash": each.bundle_hash,
            }
            for each in decision.findings
        ],
        "alerts": [
            {"rule": each.rule, "message": each.message, "severity": str(each.severity)}
            for each in decision.alerts
        ],
    }
