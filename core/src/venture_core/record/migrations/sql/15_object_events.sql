-- What a tenant may read of the record: the events of one object, by a login that may read nothing else.
CREATE OR REPLACE FUNCTION record.venture_object_events(
  p_workflow_id uuid, p_object_uid uuid, p_after bigint, p_limit int
) RETURNS TABLE (
  log_index bigint, seq bigint, appended_at timestamptz, workflow_id uuid, logged bytea,
  event_id uuid, prev_event_hash bytea, this_event_hash bytea, canonical bytea
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.log_index, e.seq, e.appended_at, e.workflow_id, l.event_hash,
    e.event_id, e.prev_event_hash, e.this_event_hash, e.canonical
  FROM record.events e
  LEFT JOIN record.log_index l ON l.appended_at = e.appended_at
    AND l.workflow_id = e.workflow_id AND l.seq = e.seq
  WHERE e.workflow_id = p_workflow_id AND e.seq > p_after
    AND convert_from(e.canonical, 'UTF8')::jsonb #>> '{payload,uid}' = p_object_uid::text
  ORDER BY e.seq LIMIT least(p_limit, 500)
$$;
COMMENT ON FUNCTION record.venture_object_events IS
  'The events of one object within the chain of a workflow, after a number, at most 500 of them.';
REVOKE EXECUTE ON FUNCTION record.venture_object_events FROM PUBLIC;
GRANT USAGE ON SCHEMA record TO venture_content;
GRANT EXECUTE ON FUNCTION record.venture_object_events TO venture_content;
