"""The event types of the product."""

from typing import Final

from venture_core.events.registry import Registry
from venture_core.events.types import (
    artifact,
    control,
    ledger,
    model,
    money,
    policy,
    privacy,
    task,
    tool,
    workflow,
)

REGISTRY: Final = Registry(
    (
        *artifact.EVENT_TYPES,
        *control.EVENT_TYPES,
        *ledger.EVENT_TYPES,
        *model.EVENT_TYPES,
        *money.EVENT_TYPES,
        *policy.EVENT_TYPES,
        *privacy.EVENT_TYPES,
        *task.EVENT_TYPES,
        *tool.EVENT_TYPES,
        *workflow.EVENT_TYPES,
    )
)
"""Every event type there is."""
