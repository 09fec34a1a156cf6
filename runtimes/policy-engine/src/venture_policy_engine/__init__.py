"""Answers policy checks over NATS and HTTP."""
