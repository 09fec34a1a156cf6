-- Read models, as in 03_projection.sql.
ALTER TABLE projection.workflows
  ADD COLUMN namespace text,
  ADD COLUMN name text,
  ADD COLUMN phase text,
  ADD COLUMN reason text,
  ADD COLUMN started_at timestamptz,
  ADD COLUMN finished_at timestamptz;
CREATE INDEX workflows_by_name ON projection.workflows (namespace, name);

CREATE TABLE projection.tasks (
  task_id uuid PRIMARY KEY,
  workflow_id uuid NOT NULL,
  namespace text NOT NULL,
  workflow text NOT NULL,
  task text NOT NULL,
  phase text NOT NULL,
  attempt integer NOT NULL,
  child_kind text,
  child_name text,
  cash_cents bigint NOT NULL,
  llm_cents bigint NOT NULL,
  output_digest text,
  reason text,
  blocked_by text,
  queued_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  last_event_id uuid NOT NULL,
  last_event_seq bigint NOT NULL,
  last_log_index bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX tasks_by_workflow ON projection.tasks (workflow_id);

CREATE TABLE projection.money_intents (
  uid uuid PRIMARY KEY,
  workflow_id uuid NOT NULL,
  namespace text NOT NULL,
  name text NOT NULL,
  generation bigint NOT NULL,
  phase text NOT NULL,
  currency text,
  cap_cents bigint,
  per_transaction_cents bigint,
  merchant_id text,
  expires_at timestamptz,
  reason_code text,
  rule text,
  bundle_hash text,
  pending_cents bigint NOT NULL,
  posted_cents bigint NOT NULL,
  requested_at timestamptz,
  decided_at timestamptz,
  finished_at timestamptz,
  last_event_id uuid NOT NULL,
  last_event_seq bigint NOT NULL,
  last_log_index bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX money_intents_by_name ON projection.money_intents (namespace, name);
CREATE INDEX money_intents_by_workflow ON projection.money_intents (workflow_id);

-- What 03 granted on all tables, it granted on those there were.
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.tasks, projection.money_intents
  TO venture_projector;
GRANT SELECT ON projection.tasks, projection.money_intents TO venture_auditor;
