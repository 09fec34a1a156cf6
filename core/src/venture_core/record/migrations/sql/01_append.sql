-- The only way into the record.

-- One step of a chain as an aggregate's state: the hash so far, or the head before the first step.
CREATE FUNCTION record.chain_step(
  p_state bytea, p_head bytea, p_seq bigint, p_canonical bytea
) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256(coalesce(p_state, p_head) || int8send(p_seq) || p_canonical);
END $$;
CREATE AGGREGATE record.chain(p_head bytea, p_seq bigint, p_canonical bytea) (
  SFUNC = record.chain_step, STYPE = bytea
);

CREATE FUNCTION record.writer_lock(p_writer text) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT hashtextextended('record.writer ' || p_writer, 0)
$$;

CREATE FUNCTION record.venture_fence_writer(p_writer text, p_epoch bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- Waits for appends in progress: after this returns, none of an older epoch can commit.
  PERFORM pg_advisory_xact_lock(record.writer_lock(p_writer));
  INSERT INTO record.writer_epochs AS known (writer, epoch) VALUES (p_writer, p_epoch)
    ON CONFLICT (writer) DO UPDATE SET epoch = excluded.epoch WHERE known.epoch <= excluded.epoch;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'epoch % of writer % is over', p_epoch, p_writer USING ERRCODE = 'VE001';
  END IF;
END $$;
COMMENT ON FUNCTION record.venture_fence_writer IS
  'Begins an epoch of a writer: appends under an older one are refused from now on (VE001).';

CREATE FUNCTION record.venture_append_events(
  p_event_ids uuid[], p_workflow_ids uuid[], p_canonicals bytea[],
  p_writer text DEFAULT NULL, p_epoch bigint DEFAULT NULL
) RETURNS TABLE (
  event_id uuid, seq bigint, prev_event_hash bytea, this_event_hash bytea, is_new boolean
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Plans are made while tables are small and kept: without these they scan tables that have grown.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  v_count int := cardinality(p_event_ids);
  v_now timestamptz;
  v_event_ids uuid[];
  v_workflow_ids uuid[];
  v_seqs bigint[];
  v_prevs bytea[];
  v_hashes bytea[];
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

  IF p_writer IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock_shared(record.writer_lock(p_writer));
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
  WITH given AS (
    SELECT DISTINCT ON (event_id) event_id, workflow_id, canonical, ord
    FROM unnest(p_event_ids, p_workflow_ids, p_canonicals) WITH ORDINALITY
      AS i(event_id, workflow_id, canonical, ord)
    ORDER BY event_id, ord
  ), fresh AS (
    SELECT g.*, h.event_hash AS head,
      h.seq + row_number() OVER (PARTITION BY g.workflow_id ORDER BY g.ord) AS seq
    FROM given g JOIN record.chain_heads h USING (workflow_id)
    WHERE NOT EXISTS (SELECT FROM record.event_ids known WHERE known.event_id = g.event_id)
  ), hashed AS (
    SELECT *, record.chain(head, seq, canonical) OVER steps AS hash FROM fresh
    WINDOW steps AS (PARTITION BY workflow_id ORDER BY ord ROWS UNBOUNDED PRECEDING)
  ), linked AS MATERIALIZED (
    SELECT *, lag(hash, 1, head) OVER (PARTITION BY workflow_id ORDER BY ord) AS prev FROM hashed
  ), stored AS (
    INSERT INTO record.events
      (seq, appended_at, workflow_id, event_id, prev_event_hash, this_event_hash, canonical)
    SELECT seq, v_now, workflow_id, event_id, prev, hash, canonical FROM linked
  ), named AS (
    INSERT INTO record.event_ids (seq, appended_at, event_id, workflow_id)
    SELECT seq, v_now, event_id, workflow_id FROM linked
  )
  SELECT array_agg(event_id), array_agg(workflow_id), array_agg(seq), array_agg(prev),
    array_agg(hash)
  INTO v_event_ids, v_workflow_ids, v_seqs, v_prevs, v_hashes FROM linked;

  IF v_event_ids IS NOT NULL THEN
    UPDATE record.chain_heads h SET seq = last.seq, event_hash = last.hash
    FROM (
      SELECT DISTINCT ON (workflow_id) * FROM unnest(v_workflow_ids, v_seqs, v_hashes)
        AS l(workflow_id, seq, hash)
      ORDER BY workflow_id, seq DESC
    ) last
    WHERE h.workflow_id = last.workflow_id;
    INSERT INTO record.unsequenced (appended_at, workflow_ids, seqs, event_hashes)
      VALUES (v_now, v_workflow_ids, v_seqs, v_hashes);
    RETURN QUERY
      SELECT l.*, true FROM unnest(v_event_ids, v_seqs, v_prevs, v_hashes) AS l;
  END IF;

  IF cardinality(v_event_ids) IS DISTINCT FROM v_count THEN
    PERFORM FROM unnest(p_event_ids, p_workflow_ids) AS i(event_id, workflow_id)
      JOIN record.event_ids known USING (event_id) WHERE known.workflow_id <> i.workflow_id;
    IF FOUND THEN
      RAISE EXCEPTION 'an event_id of this append names an event of another workflow'
        USING ERRCODE = 'unique_violation';
    END IF;
    RETURN QUERY
      SELECT known.event_id, known.seq, e.prev_event_hash, e.this_event_hash, false
      FROM (
        SELECT DISTINCT i FROM unnest(p_event_ids) i WHERE i <> ALL (coalesce(v_event_ids, '{}'))
      ) repeated
      JOIN record.event_ids known ON known.event_id = repeated.i
      LEFT JOIN record.events e ON e.workflow_id = known.workflow_id AND e.seq = known.seq
        AND e.appended_at = known.appended_at;
  END IF;
END $$;
COMMENT ON FUNCTION record.venture_append_events IS
  'Appends events to their workflows'' chains in the order given, each once by its event_id. '
  'Returns one row per distinct event_id; hashes are NULL for a repeated event that is archived.';

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA record FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.venture_append_events, record.venture_fence_writer
  TO venture_producer;
