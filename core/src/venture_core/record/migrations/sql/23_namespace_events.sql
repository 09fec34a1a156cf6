-- What happened in a namespace, in the log's order: for people who may see what is in it.
CREATE FUNCTION record.namespace_events(p_namespace text, p_after bigint) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH stretch AS (
    SELECT log_index, appended_at, workflow_id, seq FROM record.log_index
    WHERE log_index > p_after ORDER BY log_index LIMIT 200
  ), found AS (
    SELECT s.log_index, convert_from(e.canonical, 'UTF8')::jsonb AS event
    FROM stretch s JOIN record.events e ON e.appended_at = s.appended_at
      AND e.workflow_id = s.workflow_id AND e.seq = s.seq
    WHERE e.canonical IS NOT NULL
  )
  SELECT convert_to(json_build_object(
    'last', (SELECT coalesce(max(log_index), p_after) FROM stretch),
    'events', coalesce((SELECT json_agg(json_build_object('index', log_index, 'event', event)
        ORDER BY log_index) FROM found
      WHERE event #>> '{payload,namespace}' = p_namespace), '[]'))::text, 'UTF8')
$$;
COMMENT ON FUNCTION record.namespace_events IS
  'The events of a namespace among the next 200 places of the log, and where those end.';
CREATE FUNCTION record.log_end() RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT convert_to(coalesce(max(log_index), -1)::text, 'UTF8') FROM record.log_index
$$;
COMMENT ON FUNCTION record.log_end IS 'The last place of the log; -1 while it is empty.';
REVOKE EXECUTE ON FUNCTION record.namespace_events, record.log_end FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.namespace_events, record.log_end TO venture_content;
