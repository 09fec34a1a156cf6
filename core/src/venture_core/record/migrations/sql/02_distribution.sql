-- How far the stream has been fed. The stream itself decides; this says what it once held.
CREATE TABLE record.relay_positions (
  stream text PRIMARY KEY CHECK (length(stream) BETWEEN 1 AND 253),
  next_log_index bigint NOT NULL CHECK (next_log_index >= 0),
  stream_sequence bigint NOT NULL CHECK (stream_sequence >= 0),
  stream_created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- What consumers have handled, written in the transaction of the handling: the same event again is
-- recognised however late it comes.
CREATE TABLE record.consumer_inbox (
  handled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  event_id uuid NOT NULL,
  consumer text NOT NULL CHECK (length(consumer) BETWEEN 1 AND 63),
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX consumer_inbox_by_time ON record.consumer_inbox
  USING brin (handled_at) WITH (autosummarize = on);

GRANT SELECT, INSERT, UPDATE ON record.relay_positions TO venture_relay;
GRANT SELECT ON record.relay_positions TO venture_auditor, venture_projector;
GRANT SELECT, INSERT, DELETE ON record.consumer_inbox TO venture_projector;
GRANT SELECT ON record.consumer_inbox TO venture_auditor;
