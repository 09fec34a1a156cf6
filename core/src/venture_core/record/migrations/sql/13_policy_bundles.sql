-- What every published bundle says, by its content hash, for ever: work that is pinned to a bundle is
-- judged by exactly that, whatever becomes of the object in the cluster.
CREATE TABLE record.policy_bundles (
  hash text PRIMARY KEY CHECK (hash = 'sha256:' || encode(sha256(content), 'hex')),
  content bytea NOT NULL CHECK (octet_length(content) BETWEEN 2 AND 1500000),
  stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE record.policy_bundles IS
  'Published policy bundles. content is RFC 8785 JSON, exactly the bytes that are hashed.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record.policy_bundles
  FOR EACH ROW EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.policy_bundles
  FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON record.policy_bundles FROM venture_owner;

CREATE FUNCTION record.store_policy_bundle(p_hash text, p_content bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO record.policy_bundles (hash, content) VALUES (p_hash, p_content)
  ON CONFLICT (hash) DO NOTHING
$$;
COMMENT ON FUNCTION record.store_policy_bundle IS
  'Keeps what a published bundle says; storing it again changes nothing.';
REVOKE EXECUTE ON FUNCTION record.store_policy_bundle FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.store_policy_bundle TO venture_service_venture_orchestrator;

CREATE FUNCTION record.policy_bundle(p_hash text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT content FROM record.policy_bundles WHERE hash = p_hash
$$;
COMMENT ON FUNCTION record.policy_bundle IS 'Returns what the bundle of that hash says, or nothing.';
REVOKE EXECUTE ON FUNCTION record.policy_bundle FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.policy_bundle TO venture_service_venture_orchestrator,
  venture_service_policy_engine, venture_service_llm_gateway, venture_service_treasury_api,
  venture_service_egress_proxy, venture_service_tool_gateway;
