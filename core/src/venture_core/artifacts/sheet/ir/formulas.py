"""Formulas, built of nodes: no text of anybody becomes one."""

from typing import Annotated, Literal

from pydantic import Field

from venture_core.artifacts.ir.values import IRModel, Name

Amount = Annotated[float, Field(ge=-1e15, le=1e15)]
Summary = Literal["sum", "average", "min", "max", "count"]


class OfColumn(IRModel):
    """The value of a column to the left, in the same row."""

    type: Literal["column"]
    column: Name


class Constant(IRModel):
    """A number."""

    type: Literal["number"]
    value: Amount


class OfTotal(IRModel):
    """One number made of a whole column, of this sheet or of one before it."""

    type: Literal["total"]
    of: Summary = "sum"
    sheet: Name
    column: Name


class Operation(IRModel):
    """Two values and what is done with them."""

    type: Literal["add", "subtract", "multiply", "divide"]
    left: Formula
    right: Formula


Formula = Annotated[OfColumn | Constant | OfTotal | Operation, Field(discriminator="type")]
"""At most eight operations deep."""
