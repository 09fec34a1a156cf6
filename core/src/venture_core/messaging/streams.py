"""The streams, declared in one place and reconciled when the relay starts."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import nats.js.errors
import structlog
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from pydantic import BaseModel, ConfigDict, Field

from venture_core.messaging.subjects import DEAD_LETTER_PREFIX, EVENT_SUBJECTS, REQUEUE_PREFIX

if TYPE_CHECKING:
    from nats.js import JetStreamContext

EVENTS: Final = "EVENTS"
DEAD_LETTERS: Final = "DEAD_LETTERS"

DEDUPLICATION_SECONDS: Final = 120
DEAD_LETTER_DAYS: Final = 7
DEAD_LETTER_MAX_BYTES: Final = 256 * 1024 * 1024
_DAY_SECONDS: Final = 86_400

_FIXED: Final = ("retention", "storage")
_RECONCILED: Final = (
    "subjects",
    "max_bytes",
    "max_age",
    "num_replicas",
    "discard",
    "duplicate_window",
    "deny_delete",
    "deny_purge",
    "allow_direct",
)

log = structlog.get_logger(__name__)


class StreamMismatchError(Exception):
    """A stream of this name exists that cannot be made into the declared one."""


class StreamSettings(BaseModel):
    """What an installation decides about the streams."""

    model_config = ConfigDict(frozen=True)

    replicas: Annotated[int, Field(ge=1, le=5)]
    """On how many servers a message is kept: 3 in production, of a cluster of at least 3."""

    max_bytes: Annotated[int, Field(ge=1024 * 1024)]
    """How large EVENTS grows before its oldest messages go. The record keeps them all."""


def declared_streams(settings: StreamSettings) -> tuple[StreamConfig, ...]:
    """Return every stream as it should be."""
    return (
        StreamConfig(
            name=EVENTS,
            description="Every event of the record, in the order of the log.",
            subjects=list(EVENT_SUBJECTS),
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_bytes=settings.max_bytes,
            max_age=0,
            num_replicas=settings.replicas,
            duplicate_window=DEDUPLICATION_SECONDS,
            deny_delete=True,
            deny_purge=True,
            allow_direct=True,
        ),
        StreamConfig(
            name=DEAD_LETTERS,
            description="Events that a consumer could not handle, and those handed to it again.",
            subjects=[f"{DEAD_LETTER_PREFIX}.>", f"{REQUEUE_PREFIX}.>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_bytes=DEAD_LETTER_MAX_BYTES,
            max_age=DEAD_LETTER_DAYS * _DAY_SECONDS,
            num_replicas=settings.replicas,
            duplicate_window=DEDUPLICATION_SECONDS,
            deny_delete=False,
            deny_purge=False,
            allow_direct=True,
        ),
    )


async def reconcile_streams(jetstream: JetStreamContext, settings: StreamSettings) -> None:
    """Create the streams that are missing and correct those that differ.

    Raises StreamMismatchError, and nats.js.errors.APIError where the server refuses.
    """
    for wanted in declared_streams(settings):
        await _reconcile(jetstream, wanted)


async def _reconcile(jetstream: JetStreamContext, wanted: StreamConfig) -> None:
    if wanted.name is None:
        raise ValueError("a declared stream has a name")
    try:
        found = (await jetstream.stream_info(wanted.name)).config
    except nats.js.errors.NotFoundError:
        await jetstream.add_stream(wanted)
        log.info("created a stream", stream=wanted.name)
        return
    for name in _FIXED:
        if getattr(found, name) != getattr(wanted, name):
            raise StreamMismatchError(
                f"the stream {wanted.name} has {name} {getattr(found, name)}; delete it and the "
                "relay makes it anew from the record"
            )
    changes = _differences(found, wanted)
    if changes:
        await jetstream.update_stream(found.evolve(**changes))
        log.info("corrected a stream", stream=wanted.name, changes=sorted(changes))


def _differences(found: StreamConfig, wanted: StreamConfig) -> dict[str, Any]:
    return {
        name: getattr(wanted, name)
        for name in _RECONCILED
        if (getattr(found, name) or 0) != (getattr(wanted, name) or 0)
    }
