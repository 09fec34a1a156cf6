"""The same documents by hand: plain calls of the libraries, as somebody would write them."""

import io
from typing import TYPE_CHECKING, Final

from documentsizes import HEADS, pages, table_rows

if TYPE_CHECKING:
    from collections.abc import Callable


def _pptx(slides: int) -> int:
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    made = Presentation()
    place = Inches(1), Inches(2), Inches(8), Inches(4)
    for number in range(slides):
        slide = made.slides.add_slide(made.slide_layouts[1 if number % 3 == 0 else 5])
        slide.shapes.title.text = "Points"
        if number % 3 == 0:
            slide.placeholders[1].text = "\n".join(["A point"] * 5)
        elif number % 3 == 1:
            data = CategoryChartData()  # type: ignore[no-untyped-call]
            data.categories = ["a", "b", "c", "d"]
            data.add_series("s", (1, 2, 3, 4))  # type: ignore[no-untyped-call]
            slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *place, data)
        else:
            table = slide.shapes.add_table(7, 3, *place).table
            for row in table.rows:
                for cell in row.cells:
                    cell.text = "one"
    file = io.BytesIO()
    made.save(file)
    return len(file.getvalue())


def _docx(rows: int) -> int:
    from docx import Document

    made, lines = Document(), table_rows(rows)
    for start in range(0, rows, 200):
        made.add_paragraph("Words that stand before a table. " * 10)
        part = lines[start : start + 200]
        table = made.add_table(rows=len(part) + 1, cols=len(HEADS))
        for row, values in zip(table.rows, [HEADS, *part], strict=True):
            for cell, value in zip(row.cells, values, strict=True):
                cell.text = str(value)
    file = io.BytesIO()
    made.save(file)
    return len(file.getvalue())


def _weasyprint(rows: int) -> int:
    import weasyprint

    made: bytes = weasyprint.HTML(string=pages(rows)["html"]).write_pdf()
    return len(made)


def _reportlab(rows: int) -> int:
    from reportlab.lib import colors
    from reportlab.platypus import SimpleDocTemplate, Table

    table = Table([list(HEADS), *table_rows(rows)], repeatRows=1)
    table.setStyle([("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, colors.whitesmoke])])
    file = io.BytesIO()
    SimpleDocTemplate(file).build([table])
    return len(file.getvalue())


def _openpyxl(rows: int) -> int:
    from openpyxl import Workbook

    made = Workbook()
    sheet = made.active
    sheet.append([*HEADS, "Both"])
    for number, row in enumerate(table_rows(rows), start=2):
        sheet.append([*row, f"=D{number}*E{number}"])
    file = io.BytesIO()
    made.save(file)
    return len(file.getvalue())


def _pillow(megapixels: int) -> int:
    from PIL import Image, ImageDraw, ImageFont

    side = round((megapixels * 1_000_000) ** 0.5)
    image = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(image)
    box = (side // 8, side // 8, side * 5 // 8, side * 5 // 8)
    draw.rounded_rectangle(box, 40, fill="lightgray")
    draw.text(
        box[:2], "Words that fit their place", fill="black", font=ImageFont.load_default(side // 20)
    )
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return len(file.getvalue())


def _of(work: Callable[[int], int]) -> Callable[[int], Callable[[], int]]:
    return lambda size: lambda: work(size)


PLAIN: Final[dict[str, Callable[[int], Callable[[], int]]]] = {
    "deck": _of(_pptx),
    "text": _of(_docx),
    "text as PDF": _of(_weasyprint),
    "HTML as PDF": _of(_weasyprint),
    "report as PDF": _of(_reportlab),
    "workbook": _of(_openpyxl),
    "picture as PNG": _of(_pillow),
}
"""For each kind that a library makes by itself: what makes one and says how large it is."""
