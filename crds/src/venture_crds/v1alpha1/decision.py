"""What a policy said to an object, as its status keeps it."""

from typing import Annotated, Literal

from pydantic import Field

from venture_crds.base import StatusModel
from venture_crds.v1alpha1.scalars import Timestamp


class PolicyDecision(StatusModel):
    """What the policy said."""

    action: Literal["Allow", "Deny", "RequireApproval"]
    """What is to happen."""

    reason_code: Annotated[str, Field(max_length=64)]
    """Why, in a word for programs."""

    rule: Annotated[str, Field(max_length=253)] = ""
    """The rule that decided."""

    bundle_hash: Annotated[str, Field(max_length=71)] = ""
    """The content hash of the bundle that the rule is of."""

    quorum: Annotated[int, Field(ge=0, le=10)] = 0
    """How many people have to agree."""

    ttl_seconds: Annotated[int, Field(ge=0, le=2_592_000)] = 0
    """How long they are waited for, in seconds."""

    decided_at: Timestamp
    """When. People are waited for from here on."""
