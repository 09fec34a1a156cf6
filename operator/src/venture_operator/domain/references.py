"""Who an object is, and whose child it is: by reference, since owners live in other namespaces."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from venture_operator.domain.labels import (
    GROUP,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    OWNER_KIND_LABEL,
    OWNER_LABEL,
    OWNER_NAMESPACE_LABEL,
    OWNER_UID_LABEL,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """An object of a kind of ours, by name. An empty `uid` means: whichever has the name."""

    kind: str
    namespace: str
    name: str
    uid: str = ""


def reference_to(body: Mapping[str, Any]) -> Reference:
    """Return the reference to an object."""
    metadata = body["metadata"]
    return Reference(body["kind"], metadata.get("namespace", ""), metadata["name"], metadata["uid"])


def owner_labels(owner: Reference) -> dict[str, str]:
    """Return the labels by which a child in the work namespace names its owner.

    Names of owners are at most 63 characters (a CRD rule), so they fit a label's value.
    """
    return {
        MANAGED_BY_LABEL: MANAGED_BY,
        OWNER_KIND_LABEL: owner.kind,
        OWNER_NAMESPACE_LABEL: owner.namespace,
        OWNER_LABEL: owner.name,
        OWNER_UID_LABEL: owner.uid,
    }


def owner_of(child: Mapping[str, Any]) -> Reference | None:
    """Return the owner that a child's labels name, None where they name none.

    Labels say whom to wake and what to sweep. They prove nothing: whether a result counts is
    decided by uids (`domain.podoutcome`).
    """
    labels = child["metadata"].get("labels") or {}
    kind, name = labels.get(OWNER_KIND_LABEL, ""), labels.get(OWNER_LABEL, "")
    if not kind or not name:
        return None
    return Reference(
        kind, labels.get(OWNER_NAMESPACE_LABEL, ""), name, labels.get(OWNER_UID_LABEL, "")
    )


def controller_of(child: Mapping[str, Any]) -> Reference | None:
    """Return the object of a kind of ours that controls a child in its own namespace."""
    for each in child["metadata"].get("ownerReferences") or ():
        if each.get("controller") and str(each.get("apiVersion", "")).startswith(f"{GROUP}/"):
            namespace = child["metadata"].get("namespace", "")
            return Reference(each["kind"], namespace, each["name"], each["uid"])
    return None
