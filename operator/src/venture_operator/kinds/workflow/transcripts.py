"""What agents said: where it is kept, and what it is by now."""

from typing import TYPE_CHECKING
from uuid import UUID

from venture_core.agents.transcript import MAX_TRANSCRIPT_BYTES, transcript_key
from venture_core.canonical import sha256_hex
from venture_core.objectstore import ObjectNotFoundError, ObjectStoreError, ObjectTooLargeError
from venture_crds.v1alpha1.reasons import CommonReason
from venture_crds.v1alpha1.workflowstatus import TaskTranscript

from venture_operator.errors import TransientError

if TYPE_CHECKING:
    from venture_core.objectstore import ObjectStore


class Transcripts:
    """Looks for transcripts in S3: what an agent says about its own counts nowhere."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def of(self, workflow_uid: str, task: str, attempt: int) -> TaskTranscript | None:
        """Return where the transcript of an attempt is, and the digest of it as it is now.

        None where nothing was kept. Raises TransientError.
        """
        key = transcript_key(UUID(workflow_uid), task, attempt)
        try:
            data = await self._store.get(key, max_bytes=MAX_TRANSCRIPT_BYTES)
        except ObjectNotFoundError, ObjectTooLargeError:
            return None
        except ObjectStoreError as error:
            raise TransientError(CommonReason.STORAGE_UNAVAILABLE, str(error)) from error
        return TaskTranscript(uri=self._store.uri(key), sha256=sha256_hex(data))
