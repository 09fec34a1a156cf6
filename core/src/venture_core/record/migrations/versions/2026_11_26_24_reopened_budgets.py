"""Budgets that were released can be opened again: for another run of their Workflow."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_26_24"
down_revision = "2026_11_26_23"


def upgrade() -> None:
    """Have a released budget be opened like a new one."""
    run_script("24_reopened_budgets")


def downgrade() -> None:
    """Have them end for good again; those that are open stay so."""
    run_script("24_down")
