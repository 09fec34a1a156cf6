"""Workflow: tasks that depend on each other, each done by a child object or by people."""
