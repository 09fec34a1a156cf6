"""The record's migrations are one line: each follows another, and the files are in its order."""

import warnings
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from venture_core.record import migrations

FOLDER = Path(migrations.__path__[0])
MIGRATION = """
revision = "{}"
down_revision = {!r}
"""


def faults(folder: Path) -> list[str]:
    """Return what hinders a database from getting every migration of the folder, each once."""
    names = sorted(path.name for path in (folder / "versions").glob("2*.py"))
    with warnings.catch_warnings():
        # Of two files with one revision alembic takes one, and warns.
        warnings.simplefilter("ignore")
        scripts = ScriptDirectory(str(folder))
        heads = sorted(set(scripts.get_heads()))
        line = [each.revision for each in scripts.walk_revisions()][::-1]
    found = []
    numbers = [name[: len("2026_11_25_01")] for name in names]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        found.append(f"two migrations have the number {', '.join(twice)}: rename the newer")
    if len(heads) != 1:
        found.append(f"nothing follows {' and '.join(heads)}: let one come after the other")
    if not twice and len(heads) == 1 and numbers != line:
        found.append("the migrations do not follow one another in the order of their numbers")
    return found


def test_migrations_are_one_line_in_the_order_of_their_numbers() -> None:
    assert faults(FOLDER) == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"2026_11_25_01_a": None, "2026_11_25_02_b": "2026_11_25_01"},
            [],
        ),
        (
            {"2026_11_25_01_a": None, "2026_11_25_01_b": None},
            ["two migrations have the number 2026_11_25_01: rename the newer"],
        ),
        (
            {
                "2026_11_25_01_a": None,
                "2026_11_25_02_b": "2026_11_25_01",
                "2026_11_25_03_c": "2026_11_25_01",
            },
            ["nothing follows 2026_11_25_02 and 2026_11_25_03: let one come after the other"],
        ),
        (
            {"2026_11_25_02_a": None, "2026_11_25_01_b": "2026_11_25_02"},
            ["the migrations do not follow one another in the order of their numbers"],
        ),
    ],
)
def test_what_is_wrong_with_migrations_is_said(
    files: dict[str, str | None], said: list[str], tmp_path: Path
) -> None:
    (tmp_path / "versions").mkdir()
    for name, before in files.items():
        text = MIGRATION.format(name[: len("2026_11_25_01")], before)
        (tmp_path / "versions" / f"{name}.py").write_text(text)
    assert faults(tmp_path) == said
