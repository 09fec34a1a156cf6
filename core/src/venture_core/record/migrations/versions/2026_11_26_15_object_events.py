"""The events of one object, for its users."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_26_15"
down_revision = "2026_11_26_14"


def upgrade() -> None:
    """Make the function and let the role of content call it."""
    run_script("15_object_events")


def downgrade() -> None:
    """Take both away."""
    run_script("15_down")
