"""Founders' accounts, and who is signed in."""

from venture_core.record.migrations.script import refuse_to_lose, run_script

revision = "2026_11_26_20"
down_revision = "2026_11_26_19"


def upgrade() -> None:
    """Make the tables, and the functions by which the control-plane API uses them."""
    run_script("20_accounts")


def downgrade() -> None:
    """Drop them; DataLossError where there are accounts."""
    refuse_to_lose("record.accounts")
    run_script("20_down")
