"""The processes that keep the record: sequencer, relay, projector and archiver."""
