"""Archives of whole months, and the function that takes an archived month out of the database."""

from venture_core.record.migrations.script import refuse_to_lose, run_script

revision = "2026_11_25_05"
down_revision = "2026_11_23_04"


def upgrade() -> None:
    """Create the table and the function."""
    run_script("05_retention")


def downgrade() -> None:
    """Forget where archives are; DataLossError where there are any."""
    refuse_to_lose("record.archives")
    run_script("05_down")
