"""What tools do. Each effect is named by its call, so that doing it again changes nothing."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ValidationError
from venture_core.agents.transcript import WORKSPACES
from venture_core.canonical import canonical_json, sha256_hex
from venture_core.http.problems import Problem, try_again
from venture_core.objectstore import (
    ObjectNotFoundError,
    ObjectStore,
    ObjectStoreError,
    ObjectTooLargeError,
)

from venture_tool_gateway.arguments import MAX_READ_BYTES, Publish, Read, Write

if TYPE_CHECKING:
    from uuid import UUID

    from venture_core.agents.assignment import AgentAssignment

    from venture_tool_gateway.recording import Recorder

TOOLS: Final[dict[str, type[BaseModel]]] = {
    "io.read": Read,
    "io.write": Write,
    "event.publish": Publish,
}
MESSAGES: Final = ".messages"
"""No path of a file begins with a dot."""


def workspace_unavailable() -> Problem:
    """Return the problem where S3 does not answer."""
    return try_again("The workspace does not answer; try again.", "workspace-unavailable")


def checked(tool: str, arguments: dict[str, Any]) -> BaseModel:
    """Return a tool's arguments. Raises Problem 422, which quotes none of them."""
    try:
        return TOOLS[tool].model_validate(arguments)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in found["loc"]) or "arguments"
        raise Problem(
            HTTPStatus.UNPROCESSABLE_CONTENT,
            f"{tool}: {where}: {found['msg']}.",
            code="invalid-arguments",
        ) from None


class Performer:
    """Performs calls, in the workspace of their workflow and nowhere else."""

    def __init__(self, store: ObjectStore, recorder: Recorder) -> None:
        self._store = store
        self._recorder = recorder

    async def perform(
        self, assignment: AgentAssignment, call_id: UUID, arguments: BaseModel
    ) -> str:
        """Return the answer, as JSON. Raises Problem 503 where it is worth another try."""
        try:
            match arguments:
                case Read():
                    return _json(await self._read(assignment, arguments))
                case Write():
                    return _json(await self._write(assignment, arguments))
                case Publish():
                    return _json(await self._publish(assignment, call_id, arguments))
                case _:
                    raise TypeError(f"nobody performs {type(arguments).__name__}")
        except ObjectStoreError as error:
            raise workspace_unavailable() from error

    async def _read(self, assignment: AgentAssignment, arguments: Read) -> dict[str, Any]:
        try:
            data = await self._store.get(_key(assignment, arguments.path), max_bytes=MAX_READ_BYTES)
        except ObjectNotFoundError:
            return {"error": f"there is no file {arguments.path}"}
        except ObjectTooLargeError:
            return {"error": f"{arguments.path} has more than {MAX_READ_BYTES} bytes"}
        return {"path": arguments.path, "content": data.decode("utf-8", "replace")}

    async def _write(self, assignment: AgentAssignment, arguments: Write) -> dict[str, Any]:
        data = arguments.content.encode("utf-8", "replace")
        await self._store.put(
            _key(assignment, arguments.path), data, media_type="text/plain; charset=utf-8"
        )
        return {"path": arguments.path, "sha256": sha256_hex(data), "sizeBytes": len(data)}

    async def _publish(
        self, assignment: AgentAssignment, call_id: UUID, arguments: Publish
    ) -> dict[str, Any]:
        data = canonical_json(arguments.model_dump())
        key = _key(assignment, f"{MESSAGES}/{call_id}.json")
        await self._store.put(key, data, media_type="application/json")
        digest = f"sha256:{sha256_hex(data)}"
        await self._recorder.published(assignment, call_id, digest, len(data))
        return {"published": digest}


def _key(assignment: AgentAssignment, path: str) -> str:
    return f"{WORKSPACES}/{assignment.workflow_uid}/{path}"


def _json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False)
