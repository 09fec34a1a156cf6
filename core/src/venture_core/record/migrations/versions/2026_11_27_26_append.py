"""Appends cost less once more: fewer statements, and what was just found good is not looked at."""

from venture_core.record.migrations.script import define_again, run_script

revision = "2026_11_27_26"
down_revision = "2026_11_27_25"


def upgrade() -> None:
    """Replace the functions; what they refuse and store stays as it was."""
    run_script("26_append")


def downgrade() -> None:
    """Make the former functions again."""
    run_script("26_down")
    define_again("22_append", "venture_append_events")
    define_again("25_speakers", "check_events")
