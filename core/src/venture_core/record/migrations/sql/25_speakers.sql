-- Whoever moves money, or begins an epoch of the log, speaks for a service without the service's
-- role: the functions of theirs, which alone lead them to the append, say what for.

-- Inlined where it is called, so it has no SET: its names say which schema they are of.
CREATE OR REPLACE FUNCTION record.speaks_for(p_service text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  -- The session's login, whatever role it took on: this runs in functions of the owner's.
  SELECT coalesce(pg_catalog.pg_has_role(session_user, pg_catalog.to_regrole(pg_catalog.concat(
    'venture_service_', pg_catalog.replace(p_service, '-', '_'))), 'MEMBER'), false)
  OR coalesce(pg_catalog.pg_has_role(session_user, pg_catalog.to_regrole(CASE p_service
    WHEN 'treasury-api' THEN 'venture_treasury'
    WHEN 'event-relay' THEN 'venture_recovery' END), 'MEMBER'), false)
$$;
COMMENT ON FUNCTION record.speaks_for IS
  'Whether the login is a member of the role of this service, or of the one that stands in for it: '
  'venture_treasury, venture_recovery. A superuser is a member of all.';

-- As before, but for two things: no event breaks a line, and a date is spelled in digits.
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
      AND v_created_at LIKE '____-__-__T__:__:__%Z' AND v_created_at !~ '[^0-9T:.Z-]'
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

CREATE OR REPLACE FUNCTION record.venture_recover(
  p_anchor_size bigint, p_anchor_root bytea, p_who text, p_reason text,
  p_phantoms uuid[], p_event_ids uuid[], p_workflow_ids uuid[], p_canonicals bytea[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_size bigint;
  v_epoch bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('record.venture_recover', 0));
  IF p_anchor_size IS NOT NULL THEN
    SELECT coalesce(max(log_index) + 1, 0) INTO v_size FROM record.log_index;
    INSERT INTO record.recoveries
      (epoch, kept_size, lost_size, lost_root, event_id, lost_note, recovered_by, reason)
    SELECT (SELECT coalesce(max(epoch), 0) + 1 FROM record.recoveries), c.kept_size,
      c.anchor_size, c.anchor_root, p_event_ids[1], c.anchor_note,
      left(format('%s (%s)', p_who, session_user), 253), p_reason
    FROM record.contradictions c
    WHERE c.anchor_size = p_anchor_size AND c.anchor_root = p_anchor_root AND c.log_size = v_size
    RETURNING epoch INTO v_epoch;
    IF v_epoch IS NULL THEN
      RAISE EXCEPTION 'the sequencer has found no such contradiction of the log as it is now';
    END IF;
  END IF;
  UPDATE record.phantoms SET named_by = p_event_ids[cardinality(p_event_ids)]
    WHERE event_id = ANY (p_phantoms) AND named_by IS NULL;
  IF NOT FOUND AND v_epoch IS NULL THEN
    RAISE EXCEPTION 'the relay has found no such event that is still to be named';
  END IF;
  PERFORM record.venture_append_events(p_event_ids, p_workflow_ids, p_canonicals);
  RETURN v_epoch;
END $$;

GRANT EXECUTE ON FUNCTION record.assignment TO venture_treasury;
