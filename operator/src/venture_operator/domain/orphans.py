"""Children in the work namespace whose owner is gone: nothing else would ever delete them."""

from typing import TYPE_CHECKING, Any

from venture_operator.domain.references import owner_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_orphan(child: Mapping[str, Any], owner: Mapping[str, Any] | None) -> bool:
    """Return whether a labelled child has outlived its owner; `owner` is what has its name now.

    A child whose labels name nobody is not ours to judge.
    """
    named = owner_of(child)
    if named is None or child["metadata"].get("deletionTimestamp"):
        return False
    return owner is None or str(owner["metadata"]["uid"]) != named.uid
