-- What one service appends harms nobody who reads what others did. From Postgres 16 on numbers are
-- taken for JSON which jsonb cannot hold; any version takes some that it would write out with a
-- hundred thousand digits, and lists nested deeper than those who read them go.
CREATE FUNCTION record.event_of(p_canonical bytea) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_event jsonb;
BEGIN
  v_event := convert_from(p_canonical, 'UTF8')::jsonb;
  IF jsonb_path_exists(v_event, 'strict $.** ? (@.type() == "number"
      && (@.abs() > 9007199254740991 || @.floor() != @))')
    OR jsonb_path_exists(v_event, 'strict $.**{200 to last}')
  THEN
    RETURN NULL;
  END IF;
  RETURN v_event;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN NULL;
END $$;
COMMENT ON FUNCTION record.event_of IS
  'An event as every reader of JSON reads it; NULL where some would not, whatever else it holds.';
REVOKE EXECUTE ON FUNCTION record.event_of FROM PUBLIC;

-- As before, but for events that are none to every reader: nobody is shown those. What does not
-- even mention what is looked for is not parsed.
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
    AND position(convert_to(p_object_uid::text, 'UTF8') IN e.canonical) > 0
    AND record.event_of(e.canonical) #>> '{payload,uid}' = p_object_uid::text
  ORDER BY e.seq LIMIT least(p_limit, 500)
$$;

CREATE OR REPLACE FUNCTION record.namespace_events(p_namespace text, p_after bigint) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH stretch AS (
    SELECT log_index, appended_at, workflow_id, seq FROM record.log_index
    WHERE log_index > p_after ORDER BY log_index LIMIT 200
  ), found AS (
    SELECT s.log_index, record.event_of(e.canonical) AS event
    FROM stretch s JOIN record.events e ON e.appended_at = s.appended_at
      AND e.workflow_id = s.workflow_id AND e.seq = s.seq
    WHERE position(convert_to(p_namespace, 'UTF8') IN e.canonical) > 0
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
      CROSS JOIN LATERAL (SELECT record.event_of(e.canonical) AS event) AS said
      WHERE e.workflow_id = a.workflow_id AND e.seq > a.last_event_seq
        AND position(convert_to(a.uid::text, 'UTF8') IN e.canonical) > 0
        AND said.event ->> 'event_type' = 'artifact.build.deleted.v1'
        AND said.event #>> '{payload,uid}' = a.uid::text
    )
  ORDER BY a.uid LIMIT least(p_limit, 1000)
$$;

-- As before, but the id is read from the bytes: it stands before the payload, which may be anything.
CREATE OR REPLACE FUNCTION record.venture_restore_events(
  p_partition text, p_log_indexes bigint[], p_prevs bytea[], p_canonicals bytea[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_month timestamptz := record.month_of(p_partition);
  v_wrong bigint;
  v_restored bigint;
BEGIN
  IF record.is_attached(p_partition) THEN
    RAISE EXCEPTION '% is in the database', p_partition;
  END IF;
  SELECT min(l.log_index) INTO v_wrong
    FROM unnest(p_log_indexes, p_prevs, p_canonicals) AS g(log_index, prev, canonical)
    LEFT JOIN record.log_index l USING (log_index)
    WHERE l.event_hash IS DISTINCT FROM sha256(g.prev || int8send(l.seq) || g.canonical);
  IF v_wrong IS NOT NULL THEN
    RAISE EXCEPTION 'this is not the event that the log has at %', v_wrong USING ERRCODE = 'VE003';
  END IF;
  EXECUTE format('INSERT INTO record.%I
      (seq, appended_at, workflow_id, event_id, prev_event_hash, this_event_hash, canonical)
    SELECT l.seq, l.appended_at, l.workflow_id,
      substring(convert_from(g.canonical, ''UTF8'') FROM ''"event_id":"([0-9a-f-]{36})"'')::uuid,
      g.prev, l.event_hash, g.canonical
    FROM unnest($1, $2, $3) AS g(log_index, prev, canonical)
    JOIN record.log_index l USING (log_index)
    WHERE l.appended_at >= $4 AND l.appended_at < $4 + interval ''1 month''
    ON CONFLICT DO NOTHING', p_partition)
    USING p_log_indexes, p_prevs, p_canonicals, v_month;
  GET DIAGNOSTICS v_restored = ROW_COUNT;
  RETURN v_restored;
END $$;
