"""Appends cost less: the checks look once at what events share, and one statement writes."""

from venture_core.record.migrations.script import define_again, run_script

revision = "2026_11_26_17"
down_revision = "2026_11_26_16"


def upgrade() -> None:
    """Replace the functions; what they refuse and store stays as it was."""
    run_script("17_append")


def downgrade() -> None:
    """Make the former functions again."""
    define_again("07_append", "speaks_for", "check_events", "venture_append_events")
    run_script("12_plans")
