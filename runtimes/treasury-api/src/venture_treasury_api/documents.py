"""What the OpenAPI document says of every route's refusals."""

from typing import Any, Final

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": f"{what}; `reasonCode` says why."}
    for status, what in (
        (402, "There is not enough; `raise` says of what"),
        (403, "It is not allowed"),
        (404, "It is not there, or not the caller's"),
        (409, "It is over, or is being decided right now"),
        (422, "The input is not valid, or its key was used for something else"),
        (429, "It is too much for now"),
    )
}
