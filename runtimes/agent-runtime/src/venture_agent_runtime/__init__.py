"""Runs agent tasks."""
