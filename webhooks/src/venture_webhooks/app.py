"""The application: AdmissionReviews in, answers out. Nothing is asked of anybody meanwhile."""

import base64
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from venture_core.freezes import FreezesUnseenError
from venture_core.http.metrics import ROUTE
from venture_core.http.problems import Problem, try_again

from venture_webhooks.review import MAX_MESSAGE, Answer, Asked, review

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.freezes import Freezes
    from venture_core.http.types import Application, Receive, Scope, Send

    from venture_webhooks.bundles import BundlesInSight
    from venture_webhooks.targets import Targets

PATH: Final = "/admit"
MAX_WARNINGS: Final = 10
MAX_WARNING: Final = 250


class _Model(BaseModel):
    """A part of what the API server sends: it may always send more."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Kind(_Model):
    kind: str


class _User(_Model):
    username: str
    groups: tuple[str, ...] = ()


class _Request(_Model):
    uid: Annotated[str, Field(max_length=128)]
    kind: _Kind
    namespace: str = ""
    name: str = ""
    operation: Literal["CREATE", "UPDATE"]
    user_info: Annotated[_User, Field(alias="userInfo")]
    object: dict[str, Any]


class _Review(_Model):
    api_version: Annotated[Literal["admission.k8s.io/v1"], Field(alias="apiVersion")]
    kind: Literal["AdmissionReview"]
    request: _Request


def application(
    bundles: BundlesInSight,
    freezes: Freezes,
    operator_account: str,
    targets: Mapping[str, Targets],
) -> Application:
    """Return the ASGI application. A dry run is answered as any other: nothing is remembered."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != PATH or scope["method"] != "POST":
            raise Problem(HTTPStatus.NOT_FOUND, f"There is {PATH} here, for POST.")
        scope[ROUTE] = PATH
        if not bundles.in_sight:
            raise try_again("What governs cannot be seen now; try again in a moment.", "unseen")
        found = _parse(await _body(receive))
        request = found.request
        try:
            frozen = freezes.in_force(request.namespace)
        except FreezesUnseenError as error:
            raise try_again(f"{error}; try again in a moment.", "freezes-unseen") from error
        metadata = request.object.get("metadata", {})
        answer = review(
            Asked(
                operation=request.operation,
                kind=request.kind.kind,
                namespace=request.namespace,
                name=request.name or str(metadata.get("generateName", "")),
                body=request.object,
                user=request.user_info.username,
                groups=request.user_info.groups,
                now=datetime.now(UTC),
                governing=bundles.governing,
                frozen=frozen,
                is_operator=request.user_info.username == operator_account,
                targets=targets,
            )
        )
        body = json.dumps(_written(request.uid, answer)).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(HTTPStatus.BAD_REQUEST, "The request broke off.")
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _parse(body: bytes) -> _Review:
    try:
        return _Review.model_validate_json(body)
    except ValidationError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "The body is no AdmissionReview v1.") from error


def _written(uid: str, answer: Answer) -> dict[str, Any]:
    response: dict[str, Any] = {"uid": uid, "allowed": not answer.problems}
    if answer.problems:
        message = "; ".join(dict.fromkeys(answer.problems))[:MAX_MESSAGE]
        response["status"] = {"code": HTTPStatus.FORBIDDEN, "reason": "Forbidden"}
        response["status"]["message"] = message
    elif answer.patches:
        patch = json.dumps(answer.patches).encode()
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(patch).decode()}
    if answer.warnings:
        response["warnings"] = [each[:MAX_WARNING] for each in answer.warnings[:MAX_WARNINGS]]
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
