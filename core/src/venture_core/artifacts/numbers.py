"""How numbers are written: for people, and as the format code of a spreadsheet."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from venture_core.artifacts.ir.charts import NumberFormat

_SCALES = {"ones": (1.0, ""), "thousands": (1e3, "K"), "millions": (1e6, "M")}
_SCALE_CODES = {"ones": "", "thousands": ',"K"', "millions": ',,"M"'}


def format_value(value: float, form: NumberFormat) -> str:
    """Write `value` as its number format shows it."""
    if form.style == "percent":
        return f"{value * 100:,.{form.decimals}f}%"
    divisor, suffix = _SCALES[form.scale]
    text = f"{abs(value) / divisor:,.{form.decimals}f}{suffix}"
    symbol = form.symbol if form.style == "currency" else ""
    return ("-" if value < 0 else "") + symbol + text


def number_code(form: NumberFormat) -> str:
    """Write the number format as a spreadsheet format code."""
    decimals = "." + "0" * form.decimals if form.decimals else ""
    if form.style == "percent":
        return f"0{decimals}%"
    symbol = f'"{form.symbol}"' if form.style == "currency" else ""
    body = f"{symbol}#,##0{decimals}{_SCALE_CODES[form.scale]}"
    return f"{body};-{body}"
