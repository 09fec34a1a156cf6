"""Freezes: recorded when they are set and lifted. Who heeds them watches them itself."""
