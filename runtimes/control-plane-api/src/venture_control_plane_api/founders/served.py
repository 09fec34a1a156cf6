"""What founders' API has of the cluster: kinds, verbs, and how a request becomes one to it. Pure.

The paths are Kubernetes' own, so that a client of Kubernetes is one of this API. What a caller may
do of it the cluster decides.
"""

import hashlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from venture_core.http.problems import Problem
from venture_core.kubernetes.resources import (
    APPROVALS,
    ARTIFACT_BUILDS,
    FREEZES,
    MONEY_INTENTS,
    POLICY_BUNDLES,
    WORKFLOWS,
    Resource,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.identity.callers import ClusterUser

REQUEST_ANNOTATION: Final = "venture.parpour.dev/request"
"""On an object that was created under an Idempotency-Key: the digest of who asked for what."""
MAX_PAGE: Final = 500
MAX_WATCH_SECONDS: Final = 60
"""After so long a watch ends, and the next one is judged by the rights of then."""
MAX_KEY: Final = 128
MAX_CAUSES: Final = 20

READ: Final = frozenset({"get", "list", "watch"})
SERVED: Final[dict[str, tuple[Resource, frozenset[str]]]] = {
    resource.plural: (resource, READ | frozenset(verbs))
    for resource, verbs in (
        (WORKFLOWS, ("create", "patch", "delete")),
        (ARTIFACT_BUILDS, ("create", "patch", "delete")),
        (MONEY_INTENTS, ("create", "patch")),
        (APPROVALS, ("create",)),
        (POLICY_BUNDLES, ()),
        (FREEZES, ("create", "patch", "delete")),
    )
}
_PASSED_ON: Final = frozenset(
    {
        "labelSelector",
        "fieldSelector",
        "continue",
        "resourceVersion",
        "allowWatchBookmarks",
        "fieldValidation",
        "dryRun",
        "includeObject",
    }
)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


def resource_of(plural: str, verb: str) -> Resource:
    """Return what is served under a name. Problem 404 or 405."""
    found = SERVED.get(plural)
    if found is None:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            f"This API has no {plural[:64]!r}; it has {', '.join(sorted(SERVED))}.",
            code="unknown-resource",
        )
    resource, verbs = found
    if verb not in verbs:
        raise Problem(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"This API does not {verb} {plural}.",
            code="unknown-verb",
        )
    return resource


def query_of(query: Mapping[str, str]) -> dict[str, str]:
    """Return what of a query goes on to the cluster, within bounds."""
    sent = {name: value for name, value in query.items() if name in _PASSED_ON}
    if query.get("watch") in ("true", "1"):
        seconds = _number(query.get("timeoutSeconds"), MAX_WATCH_SECONDS)
        return sent | {"watch": "true", "timeoutSeconds": str(seconds)}
    return sent | {"limit": str(_number(query.get("limit"), MAX_PAGE))}


def _number(text: str | None, most: int) -> int:
    if text is None or not text.isascii() or not text.isdigit():
        return most
    return max(1, min(int(text[:9]), most))


def acting_as(user: ClusterUser) -> dict[str, str]:
    """Return the headers by which a request is the user's own. Nothing of theirs is among them."""
    (group,) = user.groups
    return {"Impersonate-User": user.username, "Impersonate-Group": group}


@dataclass(frozen=True, slots=True)
class Keyed:
    """An object to be created under a key."""

    body: dict[str, Any]
    digest: str

    def made(self, body: Mapping[str, Any]) -> bool:
        """Return whether an object is what this request made before."""
        annotations = body.get("metadata", {}).get("annotations") or {}
        return bool(annotations.get(REQUEST_ANNOTATION) == self.digest)


def keyed(user: str, key: str, kind: str, body: dict[str, Any], raw: bytes) -> Keyed:
    """Name an object by the key where it has no name, and note on it what was asked for.

    The cluster takes a name once, which is what makes the request safe to repeat. Problem 400.
    """
    if not _KEY.fullmatch(key):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            f"Idempotency-Key has 1 to {MAX_KEY} visible ASCII characters.",
            code="invalid-idempotency-key",
        )
    metadata = body.get("metadata")
    metadata = dict(metadata) if isinstance(metadata, dict) else {}
    named = hashlib.sha256("\0".join((user, key, kind)).encode()).hexdigest()[:20]
    prefix = str(metadata.pop("generateName", "")) or f"{kind.lower()}-"
    metadata.setdefault("name", f"{prefix[:40]}{named}")
    asked = hashlib.sha256("\0".join((user, key, kind)).encode() + b"\0" + raw).hexdigest()
    annotations = metadata.get("annotations")
    annotations = dict(annotations) if isinstance(annotations, dict) else {}
    metadata["annotations"] = annotations | {REQUEST_ANNOTATION: f"sha256:{asked}"}
    return Keyed({**body, "metadata": metadata}, f"sha256:{asked}")


def version_of(if_match: str) -> str | None:
    """Return the resourceVersion that If-Match names; None for `*`. Problem 400."""
    if if_match.strip() == "*":
        return None
    found = re.fullmatch(r'\s*"([0-9A-Za-z]{1,64})"\s*', if_match)
    if found is None:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            'If-Match must be one strong tag as ETag gave it, such as "123", or *.',
            code="invalid-if-match",
        )
    return found[1]


def etag_of(kind: str, version: str) -> dict[str, str]:
    """Return the header that names an object's state; none for what is no object of ours."""
    return {"ETag": f'"{version}"'} if version and kind in _KINDS else {}


_KINDS: Final = frozenset(resource.kind for resource, _ in SERVED.values())


def problem_of(status: int, body: Mapping[str, Any], *, matched: bool) -> Problem:
    """Return the cluster's refusal as a problem; `reason` and `message` stay as clients know them.

    `matched`: the request named the state that it is about, so that a conflict means another one.
    """
    reason = str(body.get("reason") or "Unknown")[:64]
    message = str(body.get("message") or "The cluster refused it.")
    code = re.sub(r"(?<!^)(?=[A-Z])", "-", reason).lower()
    try:
        answered = HTTPStatus(status)
    except ValueError:
        answered = HTTPStatus.BAD_GATEWAY
    if answered == HTTPStatus.CONFLICT and reason == "Conflict" and matched:
        answered, code = HTTPStatus.PRECONDITION_FAILED, "changed"
    if answered == HTTPStatus.UNAUTHORIZED:
        # It is we whom the cluster does not know: signing in again would not help.
        answered, code = HTTPStatus.BAD_GATEWAY, "cluster-refuses-us"
    details = body.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    errors = [
        {"pointer": pointer(str(each.get("field", ""))), "detail": str(each.get("message", ""))}
        for each in (causes or [])[:MAX_CAUSES]
        if isinstance(each, dict)
    ]
    headers = {}
    if isinstance(details, dict) and isinstance(details.get("retryAfterSeconds"), int):
        headers["Retry-After"] = str(details["retryAfterSeconds"])
    more = {"errors": errors} if errors else {}
    return Problem(
        answered, message, code=code, headers=headers, reason=reason, message=message, **more
    )


def pointer(field: str) -> str:
    """Return a JSON pointer for a field as Kubernetes names it: `spec.tasks[0].name`."""
    parts = re.findall(r"[^.\[\]]+", field)
    escaped = [part.replace("~", "~0").replace("/", "~1") for part in parts]
    return "".join(f"/{part}" for part in escaped)
