"""Answers that are the caller's own, as clients of the cluster read them."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import Response
from venture_core.canonical import sha256_hex

from venture_control_plane_api.content.discovery import GROUP, VERSION
from venture_control_plane_api.services.access import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

API_VERSION: Final = f"{GROUP}/{VERSION}"


def body_of(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of an object that is in no store."""
    return {"kind": kind, "apiVersion": API_VERSION, "metadata": {}, **content}


def answer(
    kind: str, content: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK, **headers: str
) -> Response:
    """Return such an object."""
    data = json.dumps(body_of(kind, content), separators=(",", ":"))
    return Response(data, status, PRIVATE | headers, "application/json")


def answer_unless_known(request: Request, kind: str, content: Mapping[str, Any]) -> Response:
    """Return such an object with its ETag, or that it is as the caller knows it (304)."""
    found = answer(kind, content)
    found.headers["ETag"] = tag = f'"{sha256_hex(bytes(found.body))}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=PRIVATE | {"ETag": tag})
    return found
