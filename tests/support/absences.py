"""Objects of the cluster that are away for a while."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Body = dict[str, Any]
type Kubectl = Callable[..., str]


def saved(kubectl: Kubectl, what: tuple[str, str]) -> Body:
    """Return an object as it can be created again."""
    body: Body = json.loads(kubectl("get", *what, "-o", "json"))
    body.pop("status", None)
    kept = {key: body["metadata"].get(key, {}) for key in ("labels", "annotations")}
    return body | {"metadata": {"name": body["metadata"]["name"], **kept}}


@contextmanager
def without(kubectl: Kubectl, what: tuple[str, str]) -> Iterator[None]:
    """Delete an object of the cluster, and bring it back whatever happens."""
    body = saved(kubectl, what)
    try:
        kubectl("delete", *what, "--timeout=60s")
        yield
    finally:
        kubectl("apply", "--server-side", "--field-manager=helm", "-f", "-", stdin=json.dumps(body))
