"""What agents said, out of the store."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID

from venture_core.agents.transcript import MAX_TRANSCRIPT_BYTES, transcript_folder
from venture_core.canonical import sha256_hex
from venture_core.http.problems import Problem
from venture_core.objectstore import ObjectNotFoundError, ObjectStoreError, ObjectTooLargeError

from venture_control_plane_api.services.access import unavailable

if TYPE_CHECKING:
    from venture_core.objectstore import ObjectStore

    from venture_control_plane_api.services.access import Flow

_GONE: Final = "The transcript is not in the store any more, or is another than was kept."


class Transcripts:
    """Reads transcripts where a Workflow's status says that they are, in its own folder only."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def of(self, flow: Flow, task: str) -> bytes:
        """Return the transcript of a task's last attempt that ended, as JSON. Raises Problem."""
        found = next((each for each in flow.status.tasks if each.name == task), None)
        if found is None or found.transcript is None:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                f"No agent has ended in task {task!r} of Workflow {flow.name!r} yet.",
                code="no-transcript",
            )
        key = found.transcript.uri.removeprefix(f"s3://{self._store.bucket}/")
        if not key.startswith(transcript_folder(UUID(flow.uid), task)):
            raise Problem(HTTPStatus.GONE, _GONE, code="gone")
        try:
            data = await self._store.get(key, max_bytes=MAX_TRANSCRIPT_BYTES)
        except (ObjectNotFoundError, ObjectTooLargeError) as error:
            raise Problem(HTTPStatus.GONE, _GONE, code="gone") from error
        except ObjectStoreError as error:
            raise unavailable(str(error)) from error
        if sha256_hex(data) != found.transcript.sha256:
            raise Problem(HTTPStatus.GONE, _GONE, code="gone")
        return data
