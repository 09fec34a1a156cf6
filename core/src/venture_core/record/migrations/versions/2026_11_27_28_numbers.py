"""Before Postgres 16, no event makes the database write numbers out with all their digits."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_27_28"
down_revision = "2026_11_27_27"


def upgrade() -> None:
    """Refuse exponents before they are read."""
    run_script("28_numbers")


def downgrade() -> None:
    """Read them again."""
    run_script("28_down")
