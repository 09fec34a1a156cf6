DROP POLICY own ON record.leaders;
DROP POLICY all_are_seen ON record.leaders;
ALTER TABLE record.leaders DISABLE ROW LEVEL SECURITY;
DROP AGGREGATE record.chain(bytea, bigint, bytea);
-- 01_append.sql makes the former functions again.
DROP FUNCTION record.venture_append_events, record.venture_fence_writer, record.writer_lock,
  record.chain_step, record.check_events, record.check_writer, record.speaks_for,
  record.content_digest, record.reread, record.is_object_of_unique_keys;
DROP TABLE record.archived_digests, record.event_types;
