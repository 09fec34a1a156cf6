"""The workbook behind a chart: plain values, no formulas, no links, the same bytes every time."""

import io
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, override

from pptx.chart.data import CategoryChartData
from pptx.chart.xlsx import CategoryWorkbookWriter
from xlsxwriter import Workbook

from venture_core.artifacts.packaging.archive import write_zip

if TYPE_CHECKING:
    from venture_core.artifacts.ir.charts import Chart

# XlsxWriter writes the time of day unless it is told a time.
_NO_TIME = datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_PLAIN_TEXT = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_COLUMN_CHARACTERS = 18


class ChartData(CategoryChartData):
    """A chart's categories and series, as python-pptx takes them."""

    def __init__(self, chart: Chart, number_format: str) -> None:
        super().__init__(number_format=number_format)  # type: ignore[no-untyped-call]
        self.categories = chart.categories
        for series in chart.series:
            self.add_series(series.name, series.values)  # type: ignore[no-untyped-call]
        self._source = chart

    @property
    @override
    def _workbook_writer(self) -> _WorkbookWriter:
        return _WorkbookWriter(self, self._source, self.number_format)


class _WorkbookWriter(CategoryWorkbookWriter):
    """Writes the sheet that the chart's XML refers to: categories in column A, then the series."""

    def __init__(self, data: ChartData, chart: Chart, number_format: str) -> None:
        super().__init__(data)  # type: ignore[no-untyped-call]
        self._chart = chart
        self._number_format = number_format

    @property
    @override
    def xlsx_blob(self) -> bytes:
        """The workbook's bytes."""
        buffer = io.BytesIO()
        with Workbook(buffer, _PLAIN_TEXT) as workbook:
            workbook.set_properties({"created": _NO_TIME})
            self._fill(workbook)
        return _repack(buffer)

    def _fill(self, workbook: Workbook) -> None:
        sheet = workbook.add_worksheet("Sheet1")
        numbers = workbook.add_format({"num_format": self._number_format})
        sheet.set_column(0, len(self._chart.series), _COLUMN_CHARACTERS)
        for row, category in enumerate(self._chart.categories, start=1):
            sheet.write_string(row, 0, category)
        for column, series in enumerate(self._chart.series, start=1):
            sheet.write_string(0, column, series.name)
            for row, value in enumerate(series.values, start=1):
                if value is not None:
                    sheet.write_number(row, column, value, numbers)


def _repack(buffer: io.BytesIO) -> bytes:
    """Pack the workbook again, since XlsxWriter's zip carries the machine's zlib."""
    with zipfile.ZipFile(buffer) as archive:
        return write_zip((name, archive.read(name)) for name in archive.namelist())
