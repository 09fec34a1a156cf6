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

CREATE OR REPLACE FUNCTION record.namespace_events(p_namespace text, p_after bigint) RETURNS bytea
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

CREATE OR REPLACE FUNCTION record.venture_living_builds(p_after uuid, p_limit int) RETURNS TABLE (
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

DROP FUNCTION record.event_of;
