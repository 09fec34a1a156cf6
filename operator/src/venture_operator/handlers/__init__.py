"""The edge: kopf's events and the HTTP probes."""
