"""Text measurement from bundled advance widths, the same on every machine without any font."""
