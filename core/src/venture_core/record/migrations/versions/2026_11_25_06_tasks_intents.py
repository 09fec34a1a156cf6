"""Read models of tasks and money intents, and the workflows' own names and phases."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_25_06"
down_revision = "2026_11_25_05"


def upgrade() -> None:
    """Create the tables, empty: no event of theirs was ever emitted before this revision.

    Were there one that the projector had passed by, `venture-projector --rebuild` would show it.
    """
    run_script("06_tasks_intents")


def downgrade() -> None:
    """Drop them; a rebuild fills them again from the record."""
    run_script("06_down")
