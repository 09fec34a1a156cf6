"""What agents' tools were called for."""

from venture_core.record.migrations.script import refuse_to_lose, run_script

revision = "2026_11_26_19"
down_revision = "2026_11_26_18"


def upgrade() -> None:
    """Make the journal."""
    run_script("19_tool_calls")


def downgrade() -> None:
    """Drop the journal; DataLossError where it holds calls."""
    refuse_to_lose("record.tool_calls")
    run_script("19_down")
