-- Appends as before, for less: what is alike in the events of a call is looked at once, and all
-- writing is one statement. The same is refused, and the same is stored.

-- Inlined where it is called, so it has no SET: its names say which schema they are of.
CREATE OR REPLACE FUNCTION record.speaks_for(p_service text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  -- The session's login, whatever role it took on: this runs in functions of the owner's.
  SELECT coalesce(pg_catalog.pg_has_role(session_user, pg_catalog.to_regrole(pg_catalog.concat(
    'venture_service_', pg_catalog.replace(p_service, '-', '_'))), 'MEMBER'), false)
$$;

CREATE OR REPLACE FUNCTION record.check_events(
  p_event_ids uuid[], p_workflow_ids uuid[], p_canonicals bytea[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  -- ,"trace_id":"…","workflow_id":"…"}
  c_tail_bytes CONSTANT int := 104;
  v_oldest CONSTANT timestamptz := clock_timestamp() - interval '1 day';
  v_newest CONSTANT timestamptz := clock_timestamp() + interval '300 s';
  v_canonical bytea;
  v_workflow_id uuid;
  v_payload_at int;
  v_ending_at int;
  v_beginning text;
  v_created_at text;
  v_event_type text;
  v_payload text;
  v_reread text;
  v_ending bytea;
  v_tail text;
  v_middle bytea;
  v_unified text;
  v_policy_bundle_id text;
  v_service text;
  v_task_id text;
  v_is_sound boolean;
  v_good_workflow_id uuid;
  v_good_ending bytea;
  v_good_middle bytea;
  v_good_types text[] := '{}';
BEGIN
  FOR i IN 1 .. cardinality(p_canonicals) LOOP
    v_canonical := p_canonicals[i];
    v_workflow_id := p_workflow_ids[i];
    IF octet_length(v_canonical) > 65536 THEN
      RAISE EXCEPTION 'an event has at most 65536 bytes' USING ERRCODE = 'VE003';
    END IF;

    -- The canonical form has all members, once each and in one order. So the payload is what stands
    -- between its name and the next, and all around it is compared with what it must be.
    v_payload_at := position(',"payload":'::bytea IN v_canonical);
    v_ending_at := position(',"policy_bundle_id":'::bytea IN v_canonical);
    v_beginning := convert_from(substring(v_canonical FOR greatest(v_payload_at - 1, 0)), 'UTF8');
    v_created_at := split_part(v_beginning, '"', 4);
    v_event_type := split_part(v_beginning, '"', 12);
    v_payload := convert_from(substring(v_canonical FROM v_payload_at + 11
      FOR greatest(v_ending_at - v_payload_at - 11, 0)), 'UTF8');
    v_reread := record.reread(v_payload);
    v_is_sound := v_beginning = '{"created_at":"' || v_created_at || '","event_id":"'
        || p_event_ids[i] || '","event_type":"' || v_event_type || '"'
      AND v_created_at LIKE '____-__-__T__:__:__%Z'
      AND record.is_object_of_unique_keys(v_payload, v_reread);

    -- Events of one workflow mostly end alike, and events of one service but for two ids.
    v_ending := substring(v_canonical FROM v_ending_at);
    IF v_ending IS DISTINCT FROM v_good_ending
      OR v_workflow_id IS DISTINCT FROM v_good_workflow_id
    THEN
      v_tail := convert_from(
        substring(v_ending FROM greatest(octet_length(v_ending) - c_tail_bytes + 1, 1)), 'UTF8');
      v_middle := substring(v_ending FOR greatest(octet_length(v_ending) - c_tail_bytes, 0));
      v_is_sound := v_is_sound AND v_tail = ',"trace_id":"' || split_part(v_tail, '"', 4)::uuid
        || '","workflow_id":"' || v_workflow_id || '"}';
      IF v_middle IS DISTINCT FROM v_good_middle THEN
        v_unified := replace(convert_from(v_middle, 'UTF8') || ',', ':null,', ':"",');
        v_policy_bundle_id := split_part(v_unified, '"', 4);
        v_service := split_part(v_unified, '"', 8);
        v_task_id := split_part(v_unified, '"', 12);
        v_is_sound := v_is_sound
          AND strpos(convert_from(v_middle, 'UTF8'), '""') = 0
          AND v_unified = ',"policy_bundle_id":"' || v_policy_bundle_id || '","source_service":"'
            || v_service || '","task_id":"' || v_task_id || '",'
          AND (v_policy_bundle_id = '' OR v_policy_bundle_id::uuid::text = v_policy_bundle_id)
          AND (v_task_id = '' OR v_task_id::uuid::text = v_task_id);
        v_good_middle := v_middle;
      END IF;
      v_good_ending := v_ending;
      v_good_workflow_id := v_workflow_id;
    END IF;
    IF v_is_sound IS NOT TRUE THEN
      RAISE EXCEPTION 'these bytes are not the canonical form of the event that the columns name'
        USING ERRCODE = 'VE003';
    END IF;

    IF v_service || ' ' || v_event_type <> ALL (v_good_types) THEN
      PERFORM FROM record.event_types k
        WHERE k.event_type = v_event_type AND k.service = v_service;
      IF NOT FOUND OR NOT record.speaks_for(v_service) THEN
        RAISE EXCEPTION 'the login % may not append: % %', session_user, v_service, v_event_type
          USING ERRCODE = 'VE004', HINT = 'The login has to be a member of the role of the service '
            'that the event names as its source, and the event type has to be one of that service.';
      END IF;
      v_good_types := v_good_types || (v_service || ' ' || v_event_type);
    END IF;

    IF v_created_at::timestamptz NOT BETWEEN v_oldest AND v_newest THEN
      -- What was recorded in time may be repeated at any time.
      PERFORM FROM record.event_ids k WHERE k.event_id = p_event_ids[i];
      IF NOT FOUND THEN
        RAISE EXCEPTION 'a new event is dated at most a day back and 300 seconds ahead, not %',
          v_created_at USING ERRCODE = 'VE005';
      END IF;
    END IF;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION record.venture_append_events(
  p_event_ids uuid[], p_workflow_ids uuid[], p_canonicals bytea[],
  p_writer text DEFAULT NULL, p_epoch bigint DEFAULT NULL
) RETURNS TABLE (
  event_id uuid, seq bigint, prev_event_hash bytea, this_event_hash bytea, is_new boolean
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Plans are made while tables are small and kept: without these they scan tables that have grown.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_count int := cardinality(p_event_ids);
  v_now timestamptz;
  v_known uuid[];
  v_new int;
BEGIN
  IF v_count NOT BETWEEN 1 AND 5000 OR cardinality(p_workflow_ids) <> v_count
    OR cardinality(p_canonicals) <> v_count
    OR array_position(p_event_ids, NULL) IS NOT NULL
    OR array_position(p_workflow_ids, NULL) IS NOT NULL
    OR array_position(p_canonicals, NULL) IS NOT NULL
  THEN
    RAISE EXCEPTION 'an append takes three arrays of one length, 1 to 5000, without NULL'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;

  PERFORM record.check_events(p_event_ids, p_workflow_ids, p_canonicals);

  IF p_writer IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock_shared(record.writer_lock(p_writer));
    PERFORM record.check_writer(p_writer);
    PERFORM FROM record.writer_epochs w WHERE w.writer = p_writer AND w.epoch = p_epoch;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'epoch % of writer % is over', p_epoch, p_writer USING ERRCODE = 'VE001';
    END IF;
  END IF;

  -- New heads come before any lock, in id order, and locks come in id order: two appends that
  -- share workflows wait for each other in one direction only.
  IF (SELECT count(*) FROM record.chain_heads h WHERE h.workflow_id = ANY (p_workflow_ids))
    < (SELECT count(DISTINCT w) FROM unnest(p_workflow_ids) w)
  THEN
    INSERT INTO record.chain_heads (workflow_id, seq, event_hash)
      SELECT DISTINCT w, 0, decode(repeat('00', 32), 'hex') FROM unnest(p_workflow_ids) w
      ORDER BY w ON CONFLICT DO NOTHING;
  END IF;
  PERFORM FROM record.chain_heads h WHERE h.workflow_id = ANY (p_workflow_ids)
    ORDER BY h.workflow_id FOR NO KEY UPDATE;
  -- Only a statement that begins after the locks are held sees what their last holders wrote.

  v_now := clock_timestamp();
  v_known := ARRAY (
    SELECT k.event_id FROM record.event_ids k WHERE k.event_id = ANY (p_event_ids)
  );
  -- Bytes are long: they are looked up where they are used, and not sorted with the rest.
  RETURN QUERY
    WITH given AS (
      SELECT DISTINCT ON (event_id) event_id, workflow_id, ord
      FROM (
        SELECT unnest(p_event_ids) AS event_id, unnest(p_workflow_ids) AS workflow_id,
          generate_series(1, v_count) AS ord
      ) i
      WHERE event_id <> ALL (v_known)
      ORDER BY event_id, ord
    ), fresh AS (
      SELECT g.*, h.event_hash AS head,
        h.seq + row_number() OVER (PARTITION BY g.workflow_id ORDER BY g.ord) AS seq
      FROM given g JOIN record.chain_heads h USING (workflow_id)
    ), hashed AS (
      SELECT *, record.chain(head, seq, p_canonicals[ord]) OVER steps AS hash FROM fresh
      WINDOW steps AS (PARTITION BY workflow_id ORDER BY ord ROWS UNBOUNDED PRECEDING)
    ), linked AS MATERIALIZED (
      SELECT *, lag(hash, 1, head) OVER (PARTITION BY workflow_id ORDER BY ord) AS prev FROM hashed
    ), stored AS (
      INSERT INTO record.events
        (seq, appended_at, workflow_id, event_id, prev_event_hash, this_event_hash, canonical)
      SELECT seq, v_now, workflow_id, event_id, prev, hash, p_canonicals[ord] FROM linked
    ), named AS (
      INSERT INTO record.event_ids (seq, appended_at, event_id, workflow_id)
      SELECT seq, v_now, event_id, workflow_id FROM linked
    ), continued AS (
      UPDATE record.chain_heads h SET seq = last.seq, event_hash = last.hash
      FROM (
        SELECT DISTINCT ON (workflow_id) workflow_id, seq, hash FROM linked
        ORDER BY workflow_id, seq DESC
      ) last
      WHERE h.workflow_id = last.workflow_id
    ), queued AS (
      INSERT INTO record.unsequenced (appended_at, workflow_ids, seqs, event_hashes)
      SELECT v_now, array_agg(workflow_id), array_agg(seq), array_agg(hash) FROM linked
      HAVING count(*) > 0
    )
    SELECT event_id, seq, prev, hash, true FROM linked;
  GET DIAGNOSTICS v_new = ROW_COUNT;

  IF v_new < v_count THEN
    PERFORM FROM unnest(p_event_ids, p_workflow_ids, p_canonicals)
        AS i(event_id, workflow_id, canonical)
      JOIN record.event_ids known USING (event_id)
      LEFT JOIN record.events e ON e.workflow_id = known.workflow_id AND e.seq = known.seq
        AND e.appended_at = known.appended_at
      LEFT JOIN record.archived_digests d ON d.event_id = i.event_id
      WHERE known.workflow_id <> i.workflow_id OR record.content_digest(i.canonical)
        <> coalesce(record.content_digest(e.canonical), d.digest);
    IF FOUND THEN
      RAISE EXCEPTION 'an event_id of this append names an event with other content'
        USING ERRCODE = 'VE002';
    END IF;
    RETURN QUERY
      SELECT known.event_id, known.seq, e.prev_event_hash, e.this_event_hash, false
      FROM record.event_ids known
      LEFT JOIN record.events e ON e.workflow_id = known.workflow_id AND e.seq = known.seq
        AND e.appended_at = known.appended_at
      WHERE known.event_id = ANY (v_known);
  END IF;
END $$;
