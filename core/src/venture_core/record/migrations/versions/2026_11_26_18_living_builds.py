"""The builds of which the record tells no end, for the operator."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_26_18"
down_revision = "2026_11_26_17"


def upgrade() -> None:
    """Make the function and let the operator call it."""
    run_script("18_living_builds")


def downgrade() -> None:
    """Take it away."""
    run_script("18_down")
