"""The list of models, in a shape that both providers' clients read."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def model_list(names: Sequence[str]) -> dict[str, Any]:
    """Return the list. When a model was made is nobody's business here: it is the epoch."""
    return {
        "object": "list",
        "data": [
            {
                "id": name,
                "type": "model",
                "object": "model",
                "display_name": name,
                "created_at": "1970-01-01T00:00:00Z",
                "created": 0,
                "owned_by": "venture",
            }
            for name in names
        ],
        "has_more": False,
        "first_id": names[0] if names else None,
        "last_id": names[-1] if names else None,
    }
