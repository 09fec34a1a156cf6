-- What the log is compared with outside the database, and what it says where the two disagree.
CREATE TABLE record.contradictions (
  anchor_size bigint NOT NULL CHECK (anchor_size > 0),
  log_size bigint NOT NULL CHECK (log_size >= 0),
  kept_size bigint NOT NULL CHECK (kept_size BETWEEN 0 AND log_size),
  found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  anchor_root bytea NOT NULL CHECK (octet_length(anchor_root) = 32),
  anchor_note text NOT NULL CHECK (octet_length(anchor_note) <= 65536),
  PRIMARY KEY (anchor_size, anchor_root, log_size)
);
COMMENT ON TABLE record.contradictions IS
  'Checkpoints that this log once signed and now contradicts. kept_size is up to where both agree.';

CREATE TABLE record.recoveries (
  epoch bigint PRIMARY KEY CHECK (epoch > 0),
  kept_size bigint NOT NULL CHECK (kept_size >= 0),
  lost_size bigint NOT NULL CHECK (lost_size > kept_size),
  recovered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  lost_root bytea NOT NULL CHECK (octet_length(lost_root) = 32),
  event_id uuid NOT NULL,
  lost_note text NOT NULL,
  recovered_by text NOT NULL CHECK (length(recovered_by) BETWEEN 1 AND 253),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500)
);
COMMENT ON TABLE record.recoveries IS
  'Each begins an epoch of the log: its entries from kept_size to lost_size were lost and replaced.';

-- Not append-only: an event of the log names each in the end.
CREATE TABLE record.phantoms (
  log_index bigint NOT NULL CHECK (log_index >= 0),
  stream_sequence bigint NOT NULL CHECK (stream_sequence > 0),
  found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  event_id uuid PRIMARY KEY,
  workflow_id uuid NOT NULL,
  named_by uuid,
  event_hash bytea NOT NULL CHECK (octet_length(event_hash) = 32)
);
CREATE INDEX phantoms_unnamed ON record.phantoms (log_index) WHERE named_by IS NULL;
COMMENT ON TABLE record.phantoms IS
  'Well-formed events that the stream holds and the record does not: consumers may have seen them.';

CREATE FUNCTION record.venture_recover(
  p_anchor_size bigint, p_anchor_root bytea, p_who text, p_reason text,
  p_phantoms uuid[], p_event_ids uuid[], p_workflow_ids uuid[], p_canonicals bytea[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_size bigint;
  v_epoch bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('record.venture_recover', 0));
  IF p_anchor_size IS NOT NULL THEN
    SELECT coalesce(max(log_index) + 1, 0) INTO v_size FROM record.log_index;
    INSERT INTO record.recoveries
      (epoch, kept_size, lost_size, lost_root, event_id, lost_note, recovered_by, reason)
    SELECT (SELECT coalesce(max(epoch), 0) + 1 FROM record.recoveries), c.kept_size,
      c.anchor_size, c.anchor_root, p_event_ids[1], c.anchor_note,
      left(format('%s (%s)', p_who, session_user), 253), p_reason
    FROM record.contradictions c
    WHERE c.anchor_size = p_anchor_size AND c.anchor_root = p_anchor_root AND c.log_size = v_size
    RETURNING epoch INTO v_epoch;
    IF v_epoch IS NULL THEN
      RAISE EXCEPTION 'the sequencer has found no such contradiction of the log as it is now';
    END IF;
  END IF;
  UPDATE record.phantoms SET named_by = p_event_ids[cardinality(p_event_ids)]
    WHERE event_id = ANY (p_phantoms) AND named_by IS NULL;
  PERFORM record.venture_append_events(p_event_ids, p_workflow_ids, p_canonicals);
  RETURN v_epoch;
END $$;
COMMENT ON FUNCTION record.venture_recover IS
  'Begins an epoch of the log after a loss that the sequencer has found, with the events that say '
  'so; without a size, only names phantoms. Returns the epoch.';
REVOKE EXECUTE ON FUNCTION record.venture_recover FROM PUBLIC;

DO $$
DECLARE
  v_table text;
BEGIN
  FOREACH v_table IN ARRAY ARRAY['contradictions', 'recoveries'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record.%I '
      'FOR EACH ROW EXECUTE FUNCTION record.refuse_change()', v_table);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change()', v_table);
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON record.%I FROM venture_owner', v_table);
  END LOOP;
END $$;

-- How far a consumer has settled everything: below it nothing is handled again, whatever the stream
-- brings; from it on, the inbox knows.
CREATE TABLE record.consumer_positions (
  consumer text PRIMARY KEY CHECK (length(consumer) BETWEEN 1 AND 63),
  next_log_index bigint NOT NULL CHECK (next_log_index >= 0),
  moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
ALTER TABLE record.consumer_inbox ADD COLUMN log_index bigint;

ALTER TABLE projection.skipped_events ALTER COLUMN event_id DROP NOT NULL;

GRANT USAGE ON SCHEMA record TO venture_recovery;
GRANT EXECUTE ON FUNCTION record.venture_recover TO venture_recovery;
GRANT SELECT ON record.contradictions, record.recoveries, record.phantoms
  TO venture_recovery, venture_auditor;
GRANT SELECT ON record.log_index TO venture_recovery;
GRANT SELECT, INSERT ON record.contradictions TO venture_sequencer, venture_relay;
GRANT SELECT ON record.recoveries TO venture_sequencer, venture_relay, venture_projector;
GRANT SELECT, INSERT ON record.phantoms TO venture_relay;
GRANT SELECT ON record.log_keys, record.event_ids TO venture_relay;
GRANT SELECT, INSERT, UPDATE ON record.consumer_positions TO venture_projector;
GRANT SELECT ON record.consumer_positions TO venture_auditor;
