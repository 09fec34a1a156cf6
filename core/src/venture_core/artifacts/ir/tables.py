"""What the tables of all documents share."""

from typing import Annotated, Literal

from pydantic import Field

from venture_core.artifacts.ir.values import IRModel, Line60


class TableColumn(IRModel):
    """A column's heading, alignment and share of the width."""

    header: Line60
    align: Literal["left", "center", "right"] = "left"
    weight: Annotated[int, Field(ge=1, le=12)] = 1
    """Share of the table's width, relative to the other columns."""
