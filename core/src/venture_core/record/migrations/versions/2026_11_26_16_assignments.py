"""What agents' Jobs were assigned to, for ever."""

from venture_core.record.migrations.script import refuse_to_lose, run_script

revision = "2026_11_26_16"
down_revision = "2026_11_26_15"


def upgrade() -> None:
    """Create the table, and the functions by which the operator assigns and services read."""
    run_script("16_assignments")


def downgrade() -> None:
    """Forget the assignments; DataLossError where there are any."""
    refuse_to_lose("record.assignments")
    run_script("16_down")
