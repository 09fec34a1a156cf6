-- The order of the whole log, its Merkle tree, and the signed checkpoints over it.

CREATE TABLE record.log_index (
  log_index bigint PRIMARY KEY CHECK (log_index >= 0),
  seq bigint NOT NULL,
  appended_at timestamptz NOT NULL,
  workflow_id uuid NOT NULL,
  event_hash bytea NOT NULL CHECK (octet_length(event_hash) = 32)
);
-- Finds the place of an event: the log's order is nearly the order of appends, so this is tiny.
CREATE INDEX log_index_by_time ON record.log_index
  USING brin (appended_at) WITH (autosummarize = on);
COMMENT ON TABLE record.log_index IS
  'The place of every committed event in the log: dense from 0; event_hash is the Merkle leaf.';

-- Inner nodes of the tree, of every fourth level only: a node between is at most 15 hashes away.
CREATE TABLE record.log_nodes (
  position bigint NOT NULL CHECK (position >= 0),
  level smallint NOT NULL CHECK (level > 0 AND level % 4 = 0),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (level, position)
);

CREATE TABLE record.checkpoints (
  size bigint PRIMARY KEY CHECK (size > 0),
  signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  note text NOT NULL
);
COMMENT ON COLUMN record.checkpoints.note IS 'A C2SP tlog-checkpoint: a signed note, verbatim.';

-- Who leads what: one row per role that only one process may play. Postgres's clock decides.
CREATE TABLE record.leaders (
  role text PRIMARY KEY CHECK (length(role) BETWEEN 1 AND 63),
  epoch bigint NOT NULL CHECK (epoch > 0),
  holder text NOT NULL CHECK (length(holder) BETWEEN 1 AND 253),
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

DO $$
DECLARE
  v_table text;
BEGIN
  FOREACH v_table IN ARRAY ARRAY['log_index', 'log_nodes', 'checkpoints'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record.%I '
      'FOR EACH ROW EXECUTE FUNCTION record.refuse_change()', v_table);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change()', v_table);
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON record.%I FROM venture_owner', v_table);
  END LOOP;
END $$;

GRANT SELECT, INSERT ON record.log_index, record.log_nodes, record.checkpoints
  TO venture_sequencer;
GRANT SELECT ON record.log_index, record.log_nodes, record.checkpoints
  TO venture_relay, venture_projector, venture_auditor;
GRANT SELECT, INSERT, UPDATE ON record.leaders
  TO venture_sequencer, venture_relay, venture_projector;
GRANT SELECT ON record.leaders TO venture_auditor;
