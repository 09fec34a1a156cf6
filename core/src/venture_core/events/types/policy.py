"""Events of policy: bundles published, and what they refused.

The workflow id of a bundle's events is the bundle's uid. What was refused is named by its rule: no
argument, address or text of a request is here.
"""

from typing import TYPE_CHECKING, Annotated, Final, override

from pydantic import Field, StringConstraints

from venture_core.events.envelope import Service
from venture_core.events.models import MAX_NUMBER, DigestUri, EventPayload, Id, Name
from venture_core.events.registry import EventType

if TYPE_CHECKING:
    from uuid import UUID

Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$", max_length=64)]
RuleName = Annotated[str, StringConstraints(min_length=1, max_length=512)]
"""The id of a rule, or the path of a list or limit of the bundle."""
ReasonWord = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]


class BundlePayload(EventPayload):
    """Which PolicyBundle an event is about."""

    namespace: Name
    """The namespace of the PolicyBundle."""

    name: Name
    """Its name."""

    uid: Id
    """Its uid, which is also the event's workflow id."""

    version: Version
    """The version it gives itself."""

    bundle_hash: DigestUri
    """The content hash of what it says."""

    @override
    def envelope_ids(self) -> dict[str, UUID]:
        return {"workflow_id": self.uid}


class BundlePublishedV1(BundlePayload):
    """What governs from now on."""


class BundleDeprecatedV1(BundlePayload):
    """What governs nothing new any more."""


class CheckDeniedV1(EventPayload):
    """What an agent was not allowed, and by which rule."""

    namespace: Name
    """The namespace of the workflow."""

    role: Name
    """The agent's role."""

    job: Name
    """The Job of the attempt."""

    tool: Annotated[str, StringConstraints(max_length=64)]
    """The tool that it called, as far as it is named like one; empty else."""

    rule: RuleName
    """The rule that refused."""

    reason_code: ReasonWord
    """Why."""

    bundle_hash: Annotated[str, StringConstraints(pattern=r"^(sha256:[0-9a-f]{64})?$")]
    """The content hash of the bundle the rule is of; empty where no bundle decided."""


class ConnectionAllowedV1(EventPayload):
    """A connection of an agent to the web, before it is opened."""

    namespace: Name
    """The namespace of the workflow."""

    role: Name
    """The agent's role."""

    job: Name
    """The Job of the attempt."""

    host: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    """The host's name."""

    port: Annotated[int, Field(ge=1, le=65_535)]
    """The port."""

    rule: RuleName
    """The rule that allowed it."""

    bundle_hash: DigestUri
    """The content hash of the bundle the rule is of."""


class ConnectionClosedV1(EventPayload):
    """A connection of an agent to the web, from its end."""

    namespace: Name
    """The namespace of the workflow."""

    role: Name
    """The agent's role."""

    job: Name
    """The Job of the attempt."""

    host: Annotated[str, StringConstraints(max_length=253)]
    """The host's name; empty where the request named none."""

    port: Annotated[int, Field(ge=0, le=65_535)]
    """The port; 0 where the request named none."""

    allowed: bool
    """Whether it was opened."""

    rule: RuleName
    """The rule that allowed or refused it."""

    reason_code: ReasonWord
    """Why."""

    bundle_hash: Annotated[str, StringConstraints(pattern=r"^(sha256:[0-9a-f]{64})?$")]
    """The content hash of the bundle the rule is of; empty where no bundle decided."""

    sent_bytes: Annotated[int, Field(ge=0, le=MAX_NUMBER)]
    """What the agent sent."""

    received_bytes: Annotated[int, Field(ge=0, le=MAX_NUMBER)]
    """What it was sent."""


EVENT_TYPES: Final = (
    EventType(
        "policy.bundle.published.v1",
        BundlePublishedV1,
        Service.ORCHESTRATOR,
        "A PolicyBundle was published, and what it says is kept for ever.",
    ),
    EventType(
        "policy.bundle.deprecated.v1",
        BundleDeprecatedV1,
        Service.ORCHESTRATOR,
        "A PolicyBundle governs nothing new any more.",
    ),
    EventType(
        "policy.check.denied.v1",
        CheckDeniedV1,
        Service.POLICY_ENGINE,
        "An agent was refused a call.",
    ),
    EventType(
        "policy.connection.allowed.v1",
        ConnectionAllowedV1,
        Service.EGRESS_PROXY,
        "An agent's connection to the web was allowed, and is opened only now.",
    ),
    EventType(
        "policy.connection.closed.v1",
        ConnectionClosedV1,
        Service.EGRESS_PROXY,
        "An agent's connection to the web ended, or was refused.",
    ),
)
