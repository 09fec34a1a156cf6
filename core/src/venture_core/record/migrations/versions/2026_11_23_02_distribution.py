"""Distribution: how far the relay has come, and which events consumers have handled."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_23_02"
down_revision = "2026_11_23_01"


def upgrade() -> None:
    """Create the tables; without a position the relay reads it from the stream."""
    run_script("02_distribution")


def downgrade() -> None:
    """Drop them: consumers may see an event again that they handled."""
    run_script("02_down")
