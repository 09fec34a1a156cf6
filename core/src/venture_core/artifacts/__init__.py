"""Artifacts: an IR document and its assets in, the bytes of a finished file out. All pure."""
