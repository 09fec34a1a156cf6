"""Published policy bundles by their hash, for ever."""

from venture_core.record.migrations.script import refuse_to_lose, run_script

revision = "2026_11_26_13"
down_revision = "2026_11_26_12"


def upgrade() -> None:
    """Create the table, and the functions by which services store and read."""
    run_script("13_policy_bundles")


def downgrade() -> None:
    """Forget the bundles; DataLossError where there are any."""
    refuse_to_lose("record.policy_bundles")
    run_script("13_down")
