"""Text measurement from bundled advance widths: the same on every machine, with no font installed."""
