-- Appends as before, for less: a loop over the events carries each chain on, where one statement of
-- many parts sorted and windowed them. The same is refused, and the same is stored.

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
  v_head_seqs bigint[];
  v_head_hashes bytea[];
  v_known uuid[];
  -- Places in the arguments of what is new, workflow by workflow, and what each becomes.
  v_places int[];
  v_seqs bigint[];
  v_prevs bytea[];
  v_hashes bytea[];
  v_place int;
  v_at int := 0;
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
  v_workflow_ids := ARRAY (SELECT DISTINCT w FROM unnest(p_workflow_ids) w ORDER BY w);
  IF (SELECT count(*) FROM record.chain_heads h WHERE h.workflow_id = ANY (v_workflow_ids))
    < cardinality(v_workflow_ids)
  THEN
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
  v_known := ARRAY (
    SELECT k.event_id FROM record.event_ids k WHERE k.event_id = ANY (p_event_ids)
  );
  v_places := ARRAY (
    SELECT place FROM (
      SELECT DISTINCT ON (event_id) event_id, workflow_id, place
      FROM unnest(p_event_ids, p_workflow_ids) WITH ORDINALITY AS g(event_id, workflow_id, place)
      ORDER BY event_id, place
    ) first
    WHERE event_id <> ALL (v_known) ORDER BY workflow_id, place
  );

  FOREACH v_place IN ARRAY v_places LOOP
    WHILE v_workflow_ids[v_at] IS DISTINCT FROM p_workflow_ids[v_place] LOOP
      v_at := v_at + 1;
    END LOOP;
    v_new := v_new + 1;
    v_seqs[v_new] := v_head_seqs[v_at] + 1;
    v_prevs[v_new] := v_head_hashes[v_at];
    v_hashes[v_new] :=
      sha256(v_prevs[v_new] || int8send(v_seqs[v_new]) || p_canonicals[v_place]);
    v_head_seqs[v_at] := v_seqs[v_new];
    v_head_hashes[v_at] := v_hashes[v_new];
  END LOOP;

  IF v_new > 0 THEN
    INSERT INTO record.events
      (seq, appended_at, workflow_id, event_id, prev_event_hash, this_event_hash, canonical)
      SELECT n.seq, v_now, p_workflow_ids[place], p_event_ids[place], prev, hash, p_canonicals[place]
      FROM unnest(v_places, v_seqs, v_prevs, v_hashes) AS n(place, seq, prev, hash);
    INSERT INTO record.event_ids (seq, appended_at, event_id, workflow_id)
      SELECT n.seq, v_now, p_event_ids[place], p_workflow_ids[place]
      FROM unnest(v_places, v_seqs) AS n(place, seq);
    UPDATE record.chain_heads h SET seq = last.seq, event_hash = last.hash
      FROM unnest(v_workflow_ids, v_head_seqs, v_head_hashes) AS last(workflow_id, seq, hash)
      WHERE h.workflow_id = last.workflow_id AND h.seq < last.seq;
    INSERT INTO record.unsequenced (appended_at, workflow_ids, seqs, event_hashes) VALUES
      (v_now, ARRAY (SELECT p_workflow_ids[p] FROM unnest(v_places) p), v_seqs, v_hashes);
    RETURN QUERY SELECT p_event_ids[n.place], n.seq, n.prev, n.hash, true
      FROM unnest(v_places, v_seqs, v_prevs, v_hashes) AS n(place, seq, prev, hash);
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
      WHERE known.event_id = ANY (v_known);
  END IF;
END $$;

DROP AGGREGATE record.chain(bytea, bigint, bytea);
DROP FUNCTION record.chain_step;
