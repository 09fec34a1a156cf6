-- Appends as before, for less: fewer statements, heads are put back once for each chain, what was
-- just found good is not looked at again, and quotation marks are counted in half the time. The same
-- is refused, and the same is stored.

-- As before, but for how quotation marks are counted: quote_ident doubles each, in one pass, in any
-- text that is no plain name. From Postgres 16 on nobody counts.
DO $do$
BEGIN
  IF current_setting('server_version_num')::int < 160000 THEN
    CREATE OR REPLACE FUNCTION record.is_object_of_unique_keys(p_text text, p_reread text)
    RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT starts_with(p_text, '{')
        AND octet_length(quote_ident(p_text)) - octet_length(p_text)
          = octet_length(quote_ident(p_reread)) - octet_length(p_reread)
        AND (strpos(p_text, '\u0022') = 0 OR strpos(replace(p_text, '\\', ''), '\u0022') = 0)
    $$;
  END IF;
END $do$;

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
  v_is_dated boolean;
  v_moment timestamptz;
  v_good_workflow_id uuid;
  v_good_ending bytea;
  v_good_middle bytea;
  v_good_type text;
  v_good_types text[] := '{}';
  -- A second that lies within the bounds, as a date begins that has fractions of it.
  v_good_second text := '-';
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
    -- Events of one call mostly happened within a second: then six digits are left to look at.
    v_is_dated := starts_with(v_created_at, v_good_second) AND octet_length(v_created_at) = 27
      AND ltrim(substr(v_created_at, 21), '0123456789') = 'Z';
    v_is_sound := v_beginning = '{"created_at":"' || v_created_at || '","event_id":"'
        || p_event_ids[i] || '","event_type":"' || v_event_type || '"'
      AND (v_is_dated OR v_created_at LIKE '____-__-__T__:__:__%Z'
        AND v_created_at !~ '[^0-9T:.Z-]')
      -- What JSON has between tokens besides a blank: with it, an event is no line of a bundle.
      AND strpos(v_payload, E'\n') = 0 AND strpos(v_payload, E'\r') = 0
      AND strpos(v_payload, E'\t') = 0
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
        v_good_type := NULL;
      END IF;
      v_good_ending := v_ending;
      v_good_workflow_id := v_workflow_id;
    END IF;
    IF v_is_sound IS NOT TRUE THEN
      RAISE EXCEPTION 'these bytes are not the canonical form of the event that the columns name'
        USING ERRCODE = 'VE003';
    END IF;

    IF v_event_type IS DISTINCT FROM v_good_type THEN
      v_good_type := v_event_type;
      IF v_service || ' ' || v_event_type <> ALL (v_good_types) THEN
        PERFORM FROM record.event_types k
          WHERE k.event_type = v_event_type AND k.service = v_service;
        IF NOT FOUND OR NOT record.speaks_for(v_service) THEN
          RAISE EXCEPTION 'the login % may not append: % %', session_user, v_service, v_event_type
            USING ERRCODE = 'VE004', HINT = 'The login has to be a member of the role of the '
              'service that the event names as its source, and the event type has to be one of '
              'that service.';
        END IF;
        v_good_types := v_good_types || (v_service || ' ' || v_event_type);
      END IF;
    END IF;

    CONTINUE WHEN v_is_dated;
    v_moment := v_created_at::timestamptz;
    IF v_moment BETWEEN v_oldest + interval '1 s' AND v_newest - interval '1 s' THEN
      v_good_second := to_char(v_moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.');
    ELSIF v_moment NOT BETWEEN v_oldest AND v_newest THEN
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
  -- The workflows in order of their ids, and the heads of their chains.
  v_workflow_ids uuid[];
  v_heads int;
  v_head_seqs bigint[];
  v_head_hashes bytea[];
  -- What is new, workflow by workflow: its places in the arguments, and what each becomes.
  v_places int[];
  v_new_ids uuid[];
  v_new_workflow_ids uuid[];
  v_seqs bigint[];
  v_prevs bytea[];
  v_hashes bytea[];
  v_seq bigint;
  v_hash bytea;
  v_new int := 0;
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
  SELECT array_agg(w.id ORDER BY w.id), count(h.workflow_id) INTO v_workflow_ids, v_heads
    FROM (SELECT DISTINCT unnest(p_workflow_ids) AS id ORDER BY id) w
    LEFT JOIN record.chain_heads h ON h.workflow_id = w.id;
  IF v_heads < cardinality(v_workflow_ids) THEN
    INSERT INTO record.chain_heads (workflow_id, seq, event_hash)
      SELECT w, 0, decode(repeat('00', 32), 'hex') FROM unnest(v_workflow_ids) w
      ORDER BY w ON CONFLICT DO NOTHING;
  END IF;
  SELECT array_agg(h.seq), array_agg(h.event_hash) INTO v_head_seqs, v_head_hashes
    FROM (
      SELECT c.seq, c.event_hash FROM record.chain_heads c
      WHERE c.workflow_id = ANY (v_workflow_ids) ORDER BY c.workflow_id FOR NO KEY UPDATE
    ) h;
  -- Only a statement that begins after the locks are held sees what their last holders wrote.

  v_now := clock_timestamp();
  SELECT array_agg(n.place), array_agg(n.event_id), array_agg(n.workflow_id)
    INTO v_places, v_new_ids, v_new_workflow_ids
    FROM (
      SELECT first.* FROM (
        SELECT DISTINCT ON (event_id) event_id, workflow_id, place
        FROM unnest(p_event_ids, p_workflow_ids) WITH ORDINALITY AS g(event_id, workflow_id, place)
        ORDER BY event_id, place
      ) first
      WHERE NOT EXISTS (SELECT FROM record.event_ids k WHERE k.event_id = first.event_id)
      ORDER BY workflow_id, place
    ) n;

  IF v_places IS NOT NULL THEN
    FOR v_at IN 1 .. cardinality(v_workflow_ids) LOOP
      v_seq := v_head_seqs[v_at];
      v_hash := v_head_hashes[v_at];
      WHILE v_new_workflow_ids[v_new + 1] = v_workflow_ids[v_at] LOOP
        v_new := v_new + 1;
        v_seq := v_seq + 1;
        v_seqs[v_new] := v_seq;
        v_prevs[v_new] := v_hash;
        v_hash := sha256(v_hash || int8send(v_seq) || p_canonicals[v_places[v_new]]);
        v_hashes[v_new] := v_hash;
      END LOOP;
      v_head_seqs[v_at] := v_seq;
      v_head_hashes[v_at] := v_hash;
    END LOOP;

    RETURN QUERY INSERT INTO record.events
      (seq, appended_at, workflow_id, event_id, prev_event_hash, this_event_hash, canonical)
      SELECT n.seq, v_now, n.workflow_id, n.event_id, n.prev, n.hash, p_canonicals[n.place]
      FROM unnest(v_places, v_new_ids, v_new_workflow_ids, v_seqs, v_prevs, v_hashes)
        AS n(place, event_id, workflow_id, seq, prev, hash)
      RETURNING event_id, seq, prev_event_hash, this_event_hash, true;
    INSERT INTO record.event_ids (seq, appended_at, event_id, workflow_id)
      SELECT n.seq, v_now, n.event_id, n.workflow_id
      FROM unnest(v_seqs, v_new_ids, v_new_workflow_ids) AS n(seq, event_id, workflow_id);
    UPDATE record.chain_heads h SET seq = last.seq, event_hash = last.hash
      FROM unnest(v_workflow_ids, v_head_seqs, v_head_hashes) AS last(workflow_id, seq, hash)
      WHERE h.workflow_id = last.workflow_id AND h.seq < last.seq;
    INSERT INTO record.unsequenced (appended_at, workflow_ids, seqs, event_hashes) VALUES
      (v_now, v_new_workflow_ids, v_seqs, v_hashes);
  END IF;

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
      WHERE known.event_id = ANY (p_event_ids)
        AND known.event_id <> ALL (coalesce(v_new_ids, '{}'));
  END IF;
END $$;
