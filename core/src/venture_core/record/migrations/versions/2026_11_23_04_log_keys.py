"""The public keys that have ever signed the log, for whoever takes it away."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_23_04"
down_revision = "2026_11_23_03"


def upgrade() -> None:
    """Create the table; the sequencer enters its keys when it starts to lead."""
    run_script("04_log_keys")


def downgrade() -> None:
    """Drop the table; keys that are still in use are entered again."""
    run_script("04_down")
