"""The treasury: wallets, ledger, budgets and holds, and the one function that decides on them."""

from venture_core.record.migrations.script import refuse_to_lose, run_script

revision = "2026_11_26_14"
down_revision = "2026_11_26_13"


def upgrade() -> None:
    """Create everything that money consists of."""
    run_script("14_treasury")
    run_script("14_decide")


def downgrade() -> None:
    """Drop it; refused while money ever moved, unless the command allows it."""
    refuse_to_lose("treasury.operations")
    run_script("14_down")
