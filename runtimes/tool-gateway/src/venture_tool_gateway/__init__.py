"""Performs agents' calls of tools: each is decided, journalled, done once, and recorded."""
