"""The type of openpyxl's objects, which the library does not type."""

from typing import Any

type Native = Any
"""An object of openpyxl whose attributes mypy cannot know."""
