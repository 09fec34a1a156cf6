"""Personal data beside the record: an event refers to it, and it can be erased.

The event's payload holds a `PersonalDataReference`: an id and a keyed digest. The digest proves
what the data was while it exists; its key is erased with the data, and then nobody can find out by
guessing.
"""

import hmac
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Final
from uuid import uuid7

from pydantic import StringConstraints

from venture_core.canonical import canonical_json
from venture_core.events.models import EventPayload, Id

if TYPE_CHECKING:
    from collections.abc import Mapping

    import asyncpg
    from pydantic import JsonValue

KEY_BYTES: Final = 32
MAX_DATA_BYTES: Final = 65_536

_STORE = "SELECT record.venture_store_personal_data($1, $2, $3, $4)"
_ERASE = "SELECT record.venture_erase_personal_data($1)"
_READ = "SELECT data_key, data FROM record.personal_data WHERE reference = $1"


class PersonalDataError(Exception):
    """The data is too large, was never stored, or is not what the reference says."""


class PersonalDataErasedError(PersonalDataError):
    """There was such data; it has been erased."""


class PersonalDataReference(EventPayload):
    """What an event holds in place of personal data."""

    reference: Id
    """Where the data is kept, as long as it is kept."""

    digest: Annotated[str, StringConstraints(pattern=r"^hmac-sha256:[0-9a-f]{64}$")]
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


async def erase_personal_data(connection: asyncpg.Connection, *, subject: str) -> int:
    """Erase all that is stored about `subject`; return how many items that were.

    Needs the role venture_privacy. Copies in backups end with the backups.
    """
    erased: int = await connection.fetchval(_ERASE, subject)
    return erased


def _digest(key: bytes, content: bytes) -> str:
    return "hmac-sha256:" + hmac.new(key, content, sha256).hexdigest()
