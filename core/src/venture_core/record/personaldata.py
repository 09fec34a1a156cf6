"""Personal data beside the record: an event refers to it, and it can be erased.

The event's payload holds a `PersonalDataReference`: an id and a keyed digest. The digest proves
what the data was while it exists; its key is erased with the data, and then nobody can find out by
guessing. An erasure is recorded, and leaves nothing that says whose data it was: in place of the
person stands a digest, whose key only the one gets who erases.
"""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import uuid7

from tenacity import retry, retry_if_exception_type, stop_after_attempt

from venture_core.canonical import canonical_json
from venture_core.events.models import EventPayload, Id
from venture_core.events.types import REGISTRY
from venture_core.events.types.privacy import DataErasedV1, KeyedDigest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    import asyncpg
    from pydantic import JsonValue

    from venture_core.events.envelope import EventEnvelopeV1

KEY_BYTES: Final = 32
MAX_DATA_BYTES: Final = 65_536

_STORE = "SELECT record.venture_store_personal_data($1, $2, $3, $4)"
_COUNT = "SELECT count(*) FROM record.personal_data WHERE subject = $1"
_ERASE = "SELECT record.venture_erase_personal_data($1, $2, $3, $4, $5)"
_READ = "SELECT data_key, data FROM record.personal_data WHERE reference = $1"


class PersonalDataError(Exception):
    """The data is too large, was never stored, or is not what the reference says."""


class PersonalDataErasedError(PersonalDataError):
    """There was such data; it has been erased."""


class _StoredMeanwhileError(Exception):
    """Data of the person was stored between counting it and erasing it."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased, and how to show to the person that it was theirs."""

    items: int
    """How many items there were; where 0, nothing is recorded."""
    event: EventEnvelopeV1 | None
    """What the record says of it."""
    key: bytes
    """The key of the digest that stands for the person. It is kept nowhere else."""

    def is_of(self, subject: str) -> bool:
        """Tell whether it was this person's data."""
        said = None if self.event is None else self.event.payload["subject"]
        return said == _digest(self.key, subject.encode())


class PersonalDataReference(EventPayload):
    """What an event holds in place of personal data."""

    reference: Id
    """Where the data is kept, as long as it is kept."""

    digest: KeyedDigest
    """HMAC-SHA-256 over the data's canonical JSON, with a key of its own kept beside it."""


async def store_personal_data(
    connection: asyncpg.Connection, *, subject: str, data: Mapping[str, JsonValue]
) -> PersonalDataReference:
    """Store data about `subject` (1 to 253 characters); return what the event says instead.

    Call it in the transaction of the append, so that there is never one without the other.
    Raises PersonalDataError for more than MAX_DATA_BYTES of canonical JSON.
    """
    content = canonical_json(data)
    if len(content) > MAX_DATA_BYTES:
        raise PersonalDataError(f"{len(content)} bytes of personal data, {MAX_DATA_BYTES} allowed")
    reference, key = uuid7(), secrets.token_bytes(KEY_BYTES)
    await connection.execute(_STORE, reference, subject, key, content)
    return PersonalDataReference(reference=reference, digest=_digest(key, content))


async def read_personal_data(
    connection: asyncpg.Connection, reference: PersonalDataReference
) -> bytes:
    """Return the data's canonical JSON, checked against the digest.

    Needs the role venture_privacy. Raises PersonalDataErasedError, PersonalDataError.
    """
    row = await connection.fetchrow(_READ, reference.reference)
    if row is None:
        raise PersonalDataError(f"there is no personal data {reference.reference}")
    if row["data"] is None:
        raise PersonalDataErasedError(f"the personal data {reference.reference} is erased")
    content = bytes(row["data"])
    if not hmac.compare_digest(_digest(row["data_key"], content), reference.digest):
        raise PersonalDataError(f"the personal data {reference.reference} has been changed")
    return content


@retry(
    retry=retry_if_exception_type(_StoredMeanwhileError), stop=stop_after_attempt(5), reraise=True
)
async def erase_personal_data(
    connection: asyncpg.Connection, *, subject: str, trace_id: UUID, now: datetime
) -> Erasure:
    """Erase all that is stored about `subject`, and record it, in one transaction.

    Needs the role venture_privacy and a login that is a member of the compliance engine's. Copies
    in backups end with the backups. Raises the driver's errors.
    """
    items: int = await connection.fetchval(_COUNT, subject)
    key = secrets.token_bytes(KEY_BYTES)
    if not items:
        return Erasure(0, None, key)
    erasure, digest = uuid7(), _digest(key, subject.encode())
    event = REGISTRY.new_event(
        DataErasedV1(erasure=erasure, subject=digest, items=items),
        event_id=uuid7(),
        trace_id=trace_id,
        workflow_id=erasure,
        created_at=now,
    )
    erased = await connection.fetchval(
        _ERASE, subject, digest, event.event_id, erasure, event.canonical_bytes()
    )
    if not erased:
        raise _StoredMeanwhileError(f"there are no longer {items} items")
    return Erasure(items, event, key)


def _digest(key: bytes, content: bytes) -> str:
    return "hmac-sha256:" + hmac.new(key, content, sha256).hexdigest()
