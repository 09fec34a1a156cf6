"""The processes that keep the record moving: sequencer, relay and projector."""
