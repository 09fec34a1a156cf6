-- The tables of the record. Every statement runs as venture_owner, who owns them all.

CREATE FUNCTION record.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of %.% is refused: the record only grows',
    TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- The last event of every workflow. Half-empty pages keep the updates of heads heap-only.
CREATE TABLE record.chain_heads (
  seq bigint NOT NULL CHECK (seq >= 0),
  workflow_id uuid PRIMARY KEY,
  event_hash bytea NOT NULL CHECK (octet_length(event_hash) = 32)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE TABLE record.events (
  seq bigint NOT NULL CHECK (seq > 0),
  appended_at timestamptz NOT NULL,
  workflow_id uuid NOT NULL,
  event_id uuid NOT NULL,
  prev_event_hash bytea NOT NULL CHECK (octet_length(prev_event_hash) = 32),
  this_event_hash bytea NOT NULL CHECK (octet_length(this_event_hash) = 32),
  canonical bytea NOT NULL,
  PRIMARY KEY (workflow_id, seq, appended_at)
) PARTITION BY RANGE (appended_at);
COMMENT ON TABLE record.events IS
  'Every event, append-only. canonical is RFC 8785 JSON, exactly the bytes that are hashed.';

-- A row trigger on a partitioned table exists on every partition too; TRUNCATE has no row trigger.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record.events
  FOR EACH ROW EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.events
  FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();

-- Makes event_id unique over all partitions, for ever: a partition can only be unique in itself.
CREATE TABLE record.event_ids (
  seq bigint NOT NULL,
  appended_at timestamptz NOT NULL,
  event_id uuid PRIMARY KEY,
  workflow_id uuid NOT NULL
);

-- What the sequencer has yet to number: one row per append, deleted when numbered. A row becomes
-- visible with the events it names, whatever the order of commits. Hashes do not compress.
CREATE TABLE record.unsequenced (
  append_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  appended_at timestamptz NOT NULL,
  workflow_ids uuid[] NOT NULL,
  seqs bigint[] NOT NULL,
  event_hashes bytea[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE record.unsequenced
  ALTER workflow_ids SET STORAGE EXTERNAL,
  ALTER seqs SET STORAGE EXTERNAL,
  ALTER event_hashes SET STORAGE EXTERNAL;

-- The epoch of every fenced writer: an append under an older one is refused.
CREATE TABLE record.writer_epochs (
  writer text PRIMARY KEY CHECK (length(writer) BETWEEN 1 AND 63),
  epoch bigint NOT NULL CHECK (epoch >= 0)
);

CREATE FUNCTION record.partition_name(p_month timestamptz) RETURNS text
LANGUAGE sql STABLE SET timezone = 'UTC' AS $$
  SELECT 'events_' || to_char(p_month, 'YYYY_MM')
$$;

CREATE FUNCTION record.venture_ensure_partitions(p_months_ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  v_month timestamptz;
  v_name text;
  v_created int := 0;
BEGIN
  IF p_months_ahead NOT BETWEEN 0 AND 120 THEN
    RAISE EXCEPTION 'months ahead are 0 to 120, not %', p_months_ahead;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('record.venture_ensure_partitions', 0));
  FOR v_month IN
    SELECT date_trunc('month', clock_timestamp()) + make_interval(months => ahead)
    FROM generate_series(0, p_months_ahead) ahead
  LOOP
    v_name := record.partition_name(v_month);
    CONTINUE WHEN to_regclass(format('record.%I', v_name)) IS NOT NULL;
    EXECUTE format('CREATE TABLE record.%I PARTITION OF record.events FOR VALUES FROM (%L) TO (%L)',
      v_name, v_month, v_month + interval '1 month');
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change()', v_name);
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON record.%I FROM venture_owner', v_name);
    v_created := v_created + 1;
  END LOOP;
  RETURN v_created;
END $$;
COMMENT ON FUNCTION record.venture_ensure_partitions IS
  'Creates the monthly partitions of this month and so many after it; returns how many were new.';

SELECT record.venture_ensure_partitions(3);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record.event_ids
  FOR EACH ROW EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.event_ids
  FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON record.events, record.event_ids FROM venture_owner;

CREATE VIEW record.readable_events AS
  SELECT event_id, workflow_id, seq, appended_at, envelope ->> 'event_type' AS event_type,
    envelope ->> 'trace_id' AS trace_id, envelope ->> 'created_at' AS created_at,
    envelope ->> 'source_service' AS source_service, envelope -> 'payload' AS payload,
    encode(prev_event_hash, 'hex') AS prev_event_hash,
    encode(this_event_hash, 'hex') AS this_event_hash
  FROM record.events, LATERAL (SELECT convert_from(canonical, 'UTF8')::jsonb AS envelope) parsed;
COMMENT ON VIEW record.readable_events IS 'For people at a prompt. Nothing is verified by it.';

GRANT USAGE ON SCHEMA record TO venture_producer, venture_sequencer, venture_relay,
  venture_projector, venture_auditor, venture_privacy;
GRANT SELECT ON record.events, record.event_ids, record.readable_events
  TO venture_relay, venture_projector, venture_auditor;
GRANT SELECT ON record.chain_heads, record.unsequenced, record.writer_epochs TO venture_auditor;
GRANT SELECT, DELETE ON record.unsequenced TO venture_sequencer;
REVOKE EXECUTE ON FUNCTION record.venture_ensure_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.venture_ensure_partitions TO venture_sequencer;
