"""The type of python-pptx objects: the library types them only in part."""

from typing import Any

type Native = Any
"""An object of python-pptx whose attributes mypy cannot know."""
