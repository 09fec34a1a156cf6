"""The record: events, chain heads, the log over them, signed checkpoints, personal data."""

from venture_core.record.migrations.script import refuse_to_lose, run_script

revision = "2026_11_23_01"
down_revision = None


def upgrade() -> None:
    """Create everything that the record itself consists of."""
    run_script("01_events")
    run_script("01_append")
    run_script("01_log")
    run_script("01_personal_data")


def downgrade() -> None:
    """Drop the record; refused while it holds events, unless the command allows it."""
    refuse_to_lose("record.events")
    refuse_to_lose("record.personal_data")
    run_script("01_down")
