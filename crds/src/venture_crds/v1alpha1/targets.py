"""The formats of artifacts."""

from enum import StrEnum


class Target(StrEnum):
    """The formats that an artifact can have."""

    PPTX = "Pptx"
    DOCX = "Docx"
    XLSX = "Xlsx"
    PDF = "Pdf"
    IMAGE = "Image"
    VIDEO = "Video"
