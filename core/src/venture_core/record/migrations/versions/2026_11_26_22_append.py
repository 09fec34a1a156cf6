"""Appends cost less: a loop carries the chains on, and plain statements write."""

from venture_core.record.migrations.script import define_again, run_script

revision = "2026_11_26_22"
down_revision = "2026_11_26_21"


def upgrade() -> None:
    """Replace the function; what it refuses and stores stays as it was."""
    run_script("22_append")


def downgrade() -> None:
    """Make the former function again, and what it needs."""
    run_script("22_down")
    define_again("17_append", "venture_append_events")
