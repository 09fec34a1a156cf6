-- Read models. Every row follows from the log alone; venture_core.record.projection.models says
-- what the columns mean.
CREATE TABLE projection.positions (
  name text PRIMARY KEY,
  next_log_index bigint NOT NULL CHECK (next_log_index >= 0)
) WITH (fillfactor = 50);

CREATE TABLE projection.workflows (
  workflow_id uuid PRIMARY KEY,
  trace_id uuid NOT NULL,
  policy_bundle_id uuid,
  events bigint NOT NULL,
  first_event_at timestamptz NOT NULL,
  last_event_at timestamptz NOT NULL,
  last_event_type text NOT NULL,
  last_event_id uuid NOT NULL,
  last_event_seq bigint NOT NULL,
  last_log_index bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX workflows_by_last_event ON projection.workflows (last_log_index);

CREATE TABLE projection.artifacts (
  uid uuid PRIMARY KEY,
  workflow_id uuid NOT NULL,
  namespace text NOT NULL,
  name text NOT NULL,
  generation bigint NOT NULL,
  phase text NOT NULL,
  target text,
  cache_key text,
  cache_hit boolean,
  attempt integer NOT NULL,
  gates jsonb NOT NULL,
  artifact_uri text,
  artifact_sha256 text,
  artifact_size_bytes bigint,
  artifact_media_type text,
  provenance_uri text,
  reason text,
  message text,
  requested_at timestamptz,
  finished_at timestamptz,
  last_event_id uuid NOT NULL,
  last_event_seq bigint NOT NULL,
  last_log_index bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX artifacts_by_name ON projection.artifacts (namespace, name);
CREATE INDEX artifacts_by_workflow ON projection.artifacts (workflow_id);

CREATE TABLE projection.skipped_events (
  log_index bigint PRIMARY KEY,
  event_id uuid NOT NULL,
  event_type text NOT NULL,
  problem text NOT NULL
);

GRANT USAGE ON SCHEMA projection TO venture_projector, venture_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA projection TO venture_projector;
GRANT SELECT ON ALL TABLES IN SCHEMA projection TO venture_auditor;
