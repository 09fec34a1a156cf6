CREATE TABLE record.log_keys (
  verifier text PRIMARY KEY CHECK (length(verifier) BETWEEN 1 AND 512),
  since timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE record.log_keys IS
  'C2SP verifier keys of the log, old ones too. They are a convenience: trust comes from elsewhere.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record.log_keys
  FOR EACH ROW EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.log_keys
  FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON record.log_keys FROM venture_owner;
GRANT SELECT, INSERT ON record.log_keys TO venture_sequencer;
GRANT SELECT ON record.log_keys TO venture_auditor;
