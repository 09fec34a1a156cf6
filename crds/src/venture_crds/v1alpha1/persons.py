"""Who asks, and who approves: users of the cluster."""

from typing import Annotated

from pydantic import Field

from venture_crds.base import SpecModel

type UserName = Annotated[str, Field(min_length=1, max_length=253)]
"""The name of a user, as the API server has it."""


class Person(SpecModel):
    """The user who sent a request, as the API server knew them.

    Admission fills it in where it is left out, and refuses whoever writes another name than their
    own.
    """

    user: UserName
    """The name of the user."""

    groups: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=253)], ...], Field(max_length=100)
    ] = ()
    """Groups of the user that count, for instance for a quorum."""
