"""Events on NATS JetStream: the streams, reading events from them, and dead letters.

JetStream distributes, it keeps nothing for good: `venture_core.record` does.
"""
