"""How many uploads and downloads are at work: in all, and of one user."""

from collections import Counter
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from venture_core.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


class Transfers:
    """Gives places. A transfer holds some megabytes of memory at most, so places bound it all."""

    def __init__(self, *, at_once: int, per_user: int) -> None:
        self._at_once = at_once
        self._per_user = per_user
        self._places: Counter[str] = Counter()

    @contextmanager
    def place(self, user: str, count: int = 1) -> Iterator[None]:
        """Hold so many places. Problem (429) where there are not as many."""
        if (
            self._places.total() + count > self._at_once
            or self._places[user] + count > self._per_user
        ):
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"At most {self._per_user} transfers of one user are at work at the same time, and "
                f"{self._at_once} of all. Try again when one has ended.",
                code="too-many-transfers",
                headers={"Retry-After": "2"},
            )
        self._places[user] += count
        try:
            yield
        finally:
            self._places[user] -= count
            if not self._places[user]:
                del self._places[user]
