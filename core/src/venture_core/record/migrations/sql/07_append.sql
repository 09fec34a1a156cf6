-- What may enter the record: an event that its bytes, its columns and its writer's login agree on.
--
-- SQLSTATEs of refusals: VE001 an epoch is over, VE002 an id comes again with other content, VE003
-- the bytes are no event or not the one named, VE004 the login may not say that, VE005 the date is
-- too far off; class 22 where the bytes are no JSON that Postgres can hold.

CREATE TABLE record.event_types (
  event_type text PRIMARY KEY CHECK (length(event_type) BETWEEN 1 AND 128),
  service text NOT NULL CHECK (service ~ '^[a-z][a-z0-9-]{0,46}$')
);
COMMENT ON TABLE record.event_types IS
  'Which service may say what: every event type there is or was. Each migration adds the new ones.';
GRANT SELECT ON record.event_types TO venture_auditor;

CREATE FUNCTION record.speaks_for(p_service text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_role oid := to_regrole('venture_service_' || replace(p_service, '-', '_'));
BEGIN
  -- The session's login, whatever role it took on: this runs in functions of the owner's.
  RETURN v_role IS NOT NULL AND pg_has_role(session_user, v_role, 'MEMBER');
END $$;
COMMENT ON FUNCTION record.speaks_for IS
  'Whether the login is a member of the role of this service. A superuser is a member of all.';

-- What an event says, whenever it was said: its bytes without the date, which stands first. Whoever
-- repeats an event after a crash has another clock.
CREATE FUNCTION record.content_digest(p_canonical bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(substring(p_canonical FROM position('"event_id":"'::bytea IN p_canonical)))
$$;

-- Digests of events whose bytes are in an archive, so that a repetition is still compared.
CREATE TABLE record.archived_digests (
  event_id uuid PRIMARY KEY,
  digest bytea NOT NULL CHECK (octet_length(digest) = 32)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record.archived_digests
  FOR EACH ROW EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.archived_digests
  FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON record.archived_digests FROM venture_owner;
GRANT SELECT ON record.archived_digests TO venture_auditor;

-- How a JSON text is found to be an object that names no member twice, at any depth; an error of
-- class 22 or a false where it is no JSON. Before Postgres 16 there is no word for it: jsonb keeps
-- one member of each name, and with the others go two quotation marks at least. It makes none,
-- since a string spells one \", as in the canonical form, and not otherwise. Both functions are
-- inlined, so they have no SET.
DO $do$
DECLARE
  v_knows_json boolean := current_setting('server_version_num')::int >= 160000;
  v_reread text := 'p_text::jsonb::text';
  v_is_object text := $$ starts_with(p_text, '{')
    AND octet_length(p_text) - octet_length(replace(p_text, '"', ''))
      = octet_length(p_reread) - octet_length(replace(p_reread, '"', ''))
    AND (strpos(p_text, '\u0022') = 0 OR strpos(replace(p_text, '\\', ''), '\u0022') = 0) $$;
BEGIN
  IF v_knows_json THEN
    v_reread := 'p_text';
    v_is_object := 'p_reread IS JSON OBJECT WITH UNIQUE KEYS';
  END IF;
  EXECUTE format('CREATE FUNCTION record.reread(p_text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT %s $$', v_reread);
  EXECUTE format('CREATE FUNCTION record.is_object_of_unique_keys(p_text text, p_reread text)
    RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT %s $$', v_is_object);
END $do$;

CREATE FUNCTION record.check_events(
  p_event_ids uuid[], p_workflow_ids uuid[], p_canonicals bytea[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_is_sound boolean;
  v_foreign text;
  v_earliest timestamptz;
  v_latest timestamptz;
BEGIN
  IF (SELECT max(octet_length(c)) FROM unnest(p_canonicals) c) > 65536 THEN
    RAISE EXCEPTION 'an event has at most 65536 bytes' USING ERRCODE = 'VE003';
  END IF;

  -- The canonical form has all members, once each and in one order. So the payload is what stands
  -- between its name and the next, and beginning and end are compared with what they must be. The
  -- end is the same for most events of a workflow: it is looked at once. Each OFFSET 0 keeps the
  -- planner from computing below it once for every use above it.
  WITH placed AS (
    SELECT *, position(',"payload":'::bytea IN canonical) AS start,
      position(',"policy_bundle_id":'::bytea IN canonical) AS after
    FROM unnest(p_event_ids, p_workflow_ids, p_canonicals) AS g(event_id, workflow_id, canonical)
    OFFSET 0
  ), cut AS (
    SELECT event_id, workflow_id, substring(canonical FROM after) AS ending,
      convert_from(substring(canonical FOR greatest(start - 1, 0)), 'UTF8') AS beginning,
      convert_from(substring(canonical FROM start + 11 FOR greatest(after - start - 11, 0)), 'UTF8')
        AS payload
    FROM placed OFFSET 0
  ), worded AS (
    SELECT *, record.reread(payload) AS reread, split_part(beginning, '"', 4) AS created_at,
      split_part(beginning, '"', 12) AS event_type
    FROM cut OFFSET 0
  ), dated AS (
    SELECT *, created_at::timestamptz AS moment FROM worded OFFSET 0
  ), said AS (
    SELECT workflow_id, event_type, convert_from(ending, 'UTF8') AS ending,
      min(moment) AS earliest, max(moment) AS latest,
      bool_and(
        beginning = '{"created_at":"' || created_at || '","event_id":"' || event_id
          || '","event_type":"' || event_type || '"'
        AND created_at LIKE '____-__-__T__:__:__%Z'
        AND record.is_object_of_unique_keys(payload, reread)
      ) AS is_sound
    FROM dated GROUP BY workflow_id, event_type, dated.ending
  ), nulled AS (
    SELECT *, replace(ending, ':null,', ':"",') AS unified FROM said OFFSET 0
  ), ended AS MATERIALIZED (
    SELECT *, split_part(unified, '"', 4) AS policy_bundle_id,
      split_part(unified, '"', 8) AS service, split_part(unified, '"', 12) AS task_id,
      split_part(unified, '"', 16) AS trace_id
    FROM nulled
  )
  SELECT min(earliest), max(latest),
    bool_and(is_sound
      AND strpos(ending, '""') = 0
      AND unified = ',"policy_bundle_id":"' || policy_bundle_id || '","source_service":"'
        || service || '","task_id":"' || task_id || '","trace_id":"' || trace_id::uuid
        || '","workflow_id":"' || workflow_id || '"}'
      AND (policy_bundle_id = '' OR policy_bundle_id::uuid::text = policy_bundle_id)
      AND (task_id = '' OR task_id::uuid::text = task_id)),
    (
      SELECT min(concat(service, ' ', event_type))
      FROM (SELECT DISTINCT service, event_type FROM ended) d
      WHERE NOT EXISTS (SELECT FROM record.event_types k
        WHERE k.event_type = d.event_type AND k.service = d.service)
      OR NOT record.speaks_for(d.service)
    )
  INTO v_earliest, v_latest, v_is_sound, v_foreign FROM ended;

  IF v_is_sound IS NOT TRUE THEN
    RAISE EXCEPTION 'these bytes are not the canonical form of the event that the columns name'
      USING ERRCODE = 'VE003';
  END IF;
  IF v_foreign IS NOT NULL THEN
    RAISE EXCEPTION 'the login % may not append: %', session_user, v_foreign
      USING ERRCODE = 'VE004', HINT = 'The login has to be a member of the role of the service '
        'that the event names as its source, and the event type has to be one of that service.';
  END IF;
  IF v_earliest < clock_timestamp() - interval '1 day'
    OR v_latest > clock_timestamp() + interval '300 s'
  THEN
    -- What was recorded in time may be repeated at any time.
    PERFORM FROM unnest(p_event_ids, p_canonicals) AS g(event_id, canonical)
    WHERE (convert_from(canonical, 'UTF8')::jsonb ->> 'created_at')::timestamptz
        NOT BETWEEN clock_timestamp() - interval '1 day' AND clock_timestamp() + interval '300 s'
      AND NOT EXISTS (SELECT FROM record.event_ids k WHERE k.event_id = g.event_id);
    IF FOUND THEN
      RAISE EXCEPTION 'a new event is dated at most a day back and 300 seconds ahead, not % to %',
        v_earliest, v_latest USING ERRCODE = 'VE005';
    END IF;
  END IF;
END $$;
COMMENT ON FUNCTION record.check_events IS
  'Refuses what is no event, not the one that the columns name, not the login''s to say, or dated '
  'too far from now.';

CREATE FUNCTION record.check_writer(p_writer text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF strpos(p_writer, '/') = 0 OR NOT record.speaks_for(split_part(p_writer, '/', 1)) THEN
    RAISE EXCEPTION 'the writer % is not the login %''s', p_writer, session_user
      USING ERRCODE = 'VE004', HINT = 'A writer is named SERVICE/NAME, and the login has to be a '
        'member of the role of that service.';
  END IF;
END $$;

CREATE OR REPLACE FUNCTION record.venture_fence_writer(p_writer text, p_epoch bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- Whoever could name any epoch could end all later ones.
  c_most_steps CONSTANT bigint := 1000000;
  v_known bigint;
BEGIN
  PERFORM record.check_writer(p_writer);
  -- Waits for appends in progress: after this returns, none of an older epoch can commit.
  PERFORM pg_advisory_xact_lock(record.writer_lock(p_writer));
  SELECT epoch INTO v_known FROM record.writer_epochs WHERE writer = p_writer;
  IF p_epoch < v_known THEN
    RAISE EXCEPTION 'epoch % of writer % is over', p_epoch, p_writer USING ERRCODE = 'VE001';
  END IF;
  IF p_epoch - coalesce(v_known, 0) > c_most_steps THEN
    RAISE EXCEPTION 'epochs of writer % go on by at most %, not from % to %',
      p_writer, c_most_steps, coalesce(v_known, 0), p_epoch
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO record.writer_epochs (writer, epoch) VALUES (p_writer, p_epoch)
    ON CONFLICT (writer) DO UPDATE SET epoch = excluded.epoch;
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
      FROM (
        SELECT DISTINCT i FROM unnest(p_event_ids) i WHERE i <> ALL (coalesce(v_event_ids, '{}'))
      ) repeated
      JOIN record.event_ids known ON known.event_id = repeated.i
      LEFT JOIN record.events e ON e.workflow_id = known.workflow_id AND e.seq = known.seq
        AND e.appended_at = known.appended_at;
  END IF;
END $$;
COMMENT ON FUNCTION record.venture_append_events IS
  'Appends events to their workflows'' chains in the order given, each once by its event_id; refuses '
  'an event_id that comes again with other content, be it of another date. '
  'Returns one row per distinct event_id; hashes are NULL for a repeated event that is archived.';

REVOKE EXECUTE ON FUNCTION record.speaks_for, record.content_digest, record.reread,
  record.is_object_of_unique_keys, record.check_events, record.check_writer FROM PUBLIC;

-- A role takes leases that are named for it: venture_relay those of "relay" and "relay/…".
ALTER TABLE record.leaders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON record.leaders
  USING ('venture_' || split_part(role, '/', 1) = current_user)
  WITH CHECK ('venture_' || split_part(role, '/', 1) = current_user);
CREATE POLICY all_are_seen ON record.leaders FOR SELECT TO venture_auditor USING (true);
