"""Which modules a command imported, by what the interpreter tells of it."""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from venturecommand import Ended

TELL_IMPORTS: Final = {"PYTHONPROFILEIMPORTTIME": "1"}
"""Environment in which a command tells on standard error what it imports."""
HEAVY: Final = {
    *("aiohttp", "asyncpg", "cryptography", "fastapi", "nats", "obstore", "pptx", "pydantic"),
    *("PIL", "pypdfium2", "rich", "sqlalchemy", "venture_crds"),
}
"""Packages whose import takes longer than a short command may in all."""


def heavy_imports(ended: Ended) -> set[str]:
    """Return the heavy packages that a command imported."""
    found = re.findall(r"^import time:.*\| +(\w+)(?:\.[\w.]+)?$", ended.err, re.MULTILINE)
    assert "typer" in found, "the command did not tell what it imports"
    return HEAVY & set(found)
