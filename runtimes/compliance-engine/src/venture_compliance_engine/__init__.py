"""Watches the record for violations."""
