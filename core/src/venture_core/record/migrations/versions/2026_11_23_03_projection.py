"""Read models: tables that the projector fills from the log, and can fill again."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_23_03"
down_revision = "2026_11_23_02"


def upgrade() -> None:
    """Create the read models, empty: the projector starts with the first event."""
    run_script("03_projection")


def downgrade() -> None:
    """Drop the read models; nothing is lost that the record does not hold."""
    run_script("03_down")
