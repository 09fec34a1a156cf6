"""The route of what waits for people."""

import json
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from venture_core.approvals import SENTENCES, Ruling, ruling_on
from venture_core.waiting import TARGETS, waiting_in

from venture_control_plane_api.content.parameters import Namespace  # noqa: TC001 - FastAPI reads it
from venture_control_plane_api.services.access import PRIVATE, user_of

if TYPE_CHECKING:
    from venture_core.identity.callers import ClusterUser
    from venture_core.kubernetes.resources import Resource
    from venture_core.waiting import Waiting

    from venture_control_plane_api.founders.asking import Asking

INBOX: Final = "/v1/namespaces/{namespace}/inbox"
PAGE: Final = 100
MAX_PAGES: Final = 20


class Item(BaseModel):
    """Something that waits for people."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        from_attributes=True,
        use_attribute_docstrings=True,
    )

    kind: str
    name: str
    uid: str
    task: str | None
    """The approval task, of a Workflow."""
    digest: str
    """What an Approval names as `spec.targetDigest`."""
    what: str
    """What a Yes would allow."""
    granted: str
    """How many have approved, of how many."""
    requester: str
    """The user who asked for it."""
    objection: str = ""
    """Why the caller's own word would not count; empty where it would."""


class Inbox(BaseModel):
    """What waits in a namespace."""

    items: tuple[Item, ...]
    complete: bool
    """Whether all of its objects were looked at: 2,000 of a kind at most are."""


def inbox_routes(asking: Asking) -> APIRouter:
    """Return the route. The cluster says what the caller may list."""
    router = APIRouter(tags=["objects"])

    @router.get(INBOX)
    async def inbox(namespace: Namespace, request: Request, response: Response) -> Inbox:
        """Return what waits for people in a namespace, and whether the caller's word counts."""
        user = user_of(request)
        response.headers.update(PRIVATE)
        items: list[Item] = []
        complete = True
        for resource in TARGETS.values():
            found, whole = await _waiting(asking, user, resource, namespace)
            items += [_item(each, user) for each in found]
            complete = complete and whole
        return Inbox(items=tuple(items), complete=complete)

    return router


async def _waiting(
    asking: Asking, user: ClusterUser, resource: Resource, namespace: str
) -> tuple[list[Waiting], bool]:
    """Return what waits among the objects of a kind, and whether these were all. Raises Problem."""
    found: list[Waiting] = []
    query = {"limit": str(PAGE)}
    for _ in range(MAX_PAGES):
        _, data = await asking.ask(user, "GET", resource.path(namespace), query=query)
        page: dict[str, Any] = json.loads(data)
        for body in page["items"]:
            found += waiting_in({**body, "kind": resource.kind})
        if not (following := page["metadata"].get("continue")):
            return found, True
        query["continue"] = following
    return found, False


def _item(waiting: Waiting, user: ClusterUser) -> Item:
    ruling = ruling_on(user.username, user.groups, waiting.requester, waiting.groups)
    if ruling is Ruling.COUNTED and user.username in waiting.by:
        ruling = Ruling.TWICE
    sentence = SENTENCES.get(ruling, "")
    objection = sentence.format(user=user.username, groups=", ".join(waiting.groups))
    return Item.model_validate(waiting).model_copy(update={"objection": objection})
