"""What the log is compared with outside the database, and how far consumers have come."""

from venture_core.record.migrations.script import refuse_to_lose, run_script

revision = "2026_11_26_11"
down_revision = "2026_11_26_10"


def upgrade() -> None:
    """Create the tables and the function."""
    run_script("11_continuity")


def downgrade() -> None:
    """Forget what was lost; DataLossError where there is anything."""
    refuse_to_lose("record.recoveries")
    refuse_to_lose("record.phantoms")
    run_script("11_down")
