"""The record: every event in Postgres, appended once, chained, ordered, signed and distributed.

`venture_core.events` says what an event is; this package keeps events. Postgres is the record:
what is not committed there did not happen. Everything else (streams, read models) is made from it
and can be made again.
"""
