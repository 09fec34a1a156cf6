"""Admission: whatever a PolicyBundle or a Freeze does not allow is refused as it is created."""
