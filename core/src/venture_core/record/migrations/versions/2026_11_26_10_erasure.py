"""Erasures are recorded, and keep no subject."""

from venture_core.record.migrations.script import run_script

revision = "2026_11_26_10"
down_revision = "2026_11_26_09"


def upgrade() -> None:
    """Replace the subjects of what was erased by digests, and the function that erases."""
    run_script("10_erasure")


def downgrade() -> None:
    """Erase without a record again; the subjects of what was erased are gone for good."""
    run_script("10_down")
