"""What a role's agents may use of language models in a day."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_26_21"
down_revision = "2026_11_26_20"


def upgrade() -> None:
    """Have holds for calls count for their role's day."""
    run_script("21_role_days")


def downgrade() -> None:
    """Count them no more; no money moves."""
    run_script("21_down")
