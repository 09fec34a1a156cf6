"""A month's partition is made apart and attached without a lock that appends would notice."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_26_08"
down_revision = "2026_11_26_07"


def upgrade() -> None:
    """Replace the function that makes partitions."""
    run_script("08_partitions")


def downgrade() -> None:
    """Make the former function again."""
    run_script("08_down")
