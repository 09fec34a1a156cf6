-- What the operator may know of the past: the builds whose end the record does not tell. It looks
-- whether they are still there, since nobody watched while no operator ran.
CREATE FUNCTION record.venture_living_builds(p_after uuid, p_limit int) RETURNS TABLE (
  uid uuid, workflow_id uuid, namespace text, name text, generation bigint
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.uid, a.workflow_id, a.namespace, a.name, a.generation
  FROM projection.artifacts a
  WHERE a.phase <> 'Deleted' AND a.uid > p_after
    -- The read model may be behind the record.
    AND NOT EXISTS (
      SELECT FROM record.events e
      CROSS JOIN LATERAL (SELECT convert_from(e.canonical, 'UTF8')::jsonb AS event) AS said
      WHERE e.workflow_id = a.workflow_id AND e.seq > a.last_event_seq
        AND said.event ->> 'event_type' = 'artifact.build.deleted.v1'
        AND said.event #>> '{payload,uid}' = a.uid::text
    )
  ORDER BY a.uid LIMIT least(p_limit, 1000)
$$;
COMMENT ON FUNCTION record.venture_living_builds IS
  'The builds of which the record tells no end, in the order of their uids, after one of them.';
REVOKE EXECUTE ON FUNCTION record.venture_living_builds FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.venture_living_builds TO venture_service_venture_orchestrator;
