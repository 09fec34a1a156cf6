"""The events of one object, for its users."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_26_17"
down_revision = "2026_11_26_16"


def upgrade() -> None:
    """Make the function and let the role of content call it."""
    run_script("17_object_events")


def downgrade() -> None:
    """Take both away."""
    run_script("17_down")
