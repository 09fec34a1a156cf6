"""Writing pictures in their formats."""
