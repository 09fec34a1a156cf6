DROP TABLE projection.money_intents, projection.tasks;
ALTER TABLE projection.workflows
  DROP COLUMN namespace,
  DROP COLUMN name,
  DROP COLUMN phase,
  DROP COLUMN reason,
  DROP COLUMN started_at,
  DROP COLUMN finished_at;
