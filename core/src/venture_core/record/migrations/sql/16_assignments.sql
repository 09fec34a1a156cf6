-- What every agent's Job was assigned to, by the Job's name, for ever: services learn from it who a
-- calling agent is. Written before the Job exists, and never changed.
CREATE TABLE record.assignments (
  job text PRIMARY KEY CHECK (char_length(job) BETWEEN 1 AND 63),
  content bytea NOT NULL CHECK (octet_length(content) BETWEEN 2 AND 655360),
  assigned_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE record.assignments IS
  'What the Jobs of agents were assigned to. content is RFC 8785 JSON.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record.assignments
  FOR EACH ROW EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.assignments
  FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON record.assignments FROM venture_owner;

CREATE FUNCTION record.assign(p_job text, p_content bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO record.assignments (job, content) VALUES (p_job, p_content)
  ON CONFLICT (job) DO NOTHING;
  RETURN (SELECT content FROM record.assignments WHERE job = p_job);
END
$$;
COMMENT ON FUNCTION record.assign IS
  'Assigns a Job, unless it is assigned already; returns what it is assigned to.';
REVOKE EXECUTE ON FUNCTION record.assign FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.assign TO venture_service_venture_orchestrator;

CREATE FUNCTION record.assignment(p_job text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT content FROM record.assignments WHERE job = p_job
$$;
COMMENT ON FUNCTION record.assignment IS 'Returns what a Job is assigned to, or nothing.';
REVOKE EXECUTE ON FUNCTION record.assignment FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.assignment TO venture_service_venture_orchestrator,
  venture_service_policy_engine, venture_service_llm_gateway, venture_service_treasury_api,
  venture_service_egress_proxy, venture_service_tool_gateway;
