"""What one service appends harms nobody who reads what others did.

Founders, the operator and a restore read events that no reader of JSON could hold as if there were
none.
"""

from venture_core.record.migrations.script import define_again, run_script

revision = "2026_11_27_27"
down_revision = "2026_11_27_26"


def upgrade() -> None:
    """Have them parse by a function that gives nothing instead of an error."""
    run_script("27_readers")


def downgrade() -> None:
    """Make the former functions again."""
    run_script("27_down")
    define_again("09_retention", "venture_restore_events")
