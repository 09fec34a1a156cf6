"""The record's migrations are one line: each follows another, and the files are in its order."""

from pathlib import Path

from alembic.script import ScriptDirectory
from venture_core.record import migrations

FOLDER = Path(migrations.__path__[0])


def test_migrations_are_one_line_in_the_order_of_their_numbers() -> None:
    scripts = ScriptDirectory(str(FOLDER))
    (head,) = scripts.get_heads()
    line = [script.revision for script in scripts.walk_revisions("base", head)]
    files = sorted(path.name for path in (FOLDER / "versions").glob("2*.py"))
    assert [name[: len(line[0])] for name in files] == line[::-1]
