"""What admission and the operator both know of Workflows: pure checks, and outputs as values."""
