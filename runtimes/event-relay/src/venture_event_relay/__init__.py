"""Publishes committed events to JetStream and signs checkpoints."""
