"""Owner references: what goes when its owner goes."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def owner_reference(owner: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reference that makes `owner` (an object with a uid) the controller of a child."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": False,
    }


def is_owned_by(child: Mapping[str, Any], uid: str) -> bool:
    """Return whether the object with that uid controls `child`."""
    references = child["metadata"].get("ownerReferences", [])
    return any(each["uid"] == uid and each.get("controller") for each in references)
