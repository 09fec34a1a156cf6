"""The events of a namespace, for people who may see what is in it."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_26_23"
down_revision = "2026_11_26_22"


def upgrade() -> None:
    """Make the functions and let the role of content call them."""
    run_script("23_namespace_events")


def downgrade() -> None:
    """Take them away."""
    run_script("23_down")
