"""Retention by two hands: one role archives, another confirms and drops. Months may come back."""

from venture_core.record.migrations.script import refuse_to_lose, run_script

revision = "2026_11_26_09"
down_revision = "2026_11_26_08"


def upgrade() -> None:
    """Let venture_confirmer, and no longer venture_archiver, drop months."""
    run_script("09_retention")


def downgrade() -> None:
    """Let venture_archiver drop months again; DataLossError where confirmations would be lost."""
    refuse_to_lose("record.archive_confirmations")
    run_script("09_down")
