"""The treasury and the recovery speak for their services without the services' roles.

And the append takes no event that breaks a line: no bundle with it would verify.
"""

from venture_core.record.migrations.script import define_again, run_script

revision = "2026_11_27_25"
down_revision = "2026_11_26_24"


def upgrade() -> None:
    """Have the append believe the roles that stand in; their memberships end after it."""
    run_script("25_speakers")


def downgrade() -> None:
    """Have it believe the services' roles only; the release before makes them members again."""
    run_script("25_down")
    define_again("11_continuity", "venture_recover")
    define_again("17_append", "check_events")
