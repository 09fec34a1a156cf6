"""The event types of the product."""

from typing import Final

from venture_core.events.registry import Registry
from venture_core.events.types import artifact

REGISTRY: Final = Registry(artifact.EVENT_TYPES)
"""Every event type there is."""
