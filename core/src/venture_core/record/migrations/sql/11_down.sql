DELETE FROM projection.skipped_events WHERE event_id IS NULL;
ALTER TABLE projection.skipped_events ALTER COLUMN event_id SET NOT NULL;
ALTER TABLE record.consumer_inbox DROP COLUMN log_index;
DROP TABLE record.consumer_positions;
DROP FUNCTION record.venture_recover;
DROP TABLE record.phantoms, record.recoveries, record.contradictions;
REVOKE SELECT ON record.log_keys, record.event_ids FROM venture_relay;
REVOKE SELECT ON record.log_index FROM venture_recovery;
REVOKE USAGE ON SCHEMA record FROM venture_recovery;
