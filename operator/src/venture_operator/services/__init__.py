"""Observe, decide, apply: what a reconcile does, and what drives it."""
