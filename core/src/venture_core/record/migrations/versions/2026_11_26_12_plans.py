"""Appends plan once in a session, not in every call."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_26_12"
down_revision = "2026_11_26_11"


def upgrade() -> None:
    """Set it for the append function."""
    run_script("12_plans")


def downgrade() -> None:
    """Leave it to Postgres again."""
    run_script("12_down")
