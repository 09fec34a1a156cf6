"""Appends are checked: bytes, columns, the login's services, dates, and what comes again."""

from venture_core.record.migrations.script import refuse_to_lose, run_script

revision = "2026_11_26_07"
down_revision = "2026_11_25_06"


def upgrade() -> None:
    """Replace the functions that producers call, and tie leases to the roles they are named for."""
    run_script("07_append")


def downgrade() -> None:
    """Check nothing any more; DataLossError where digests of archived events would be lost."""
    refuse_to_lose("record.archived_digests")
    run_script("07_down")
    run_script("01_append")
