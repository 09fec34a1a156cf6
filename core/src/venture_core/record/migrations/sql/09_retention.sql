-- A month leaves the database by two hands: venture_archiver notes an archive and can drop nothing,
-- venture_confirmer reads the archive back, says that it holds what the log signed for, and drops
-- what is confirmed. VE010: a month waits for a later archive.

CREATE TABLE record.archive_confirmations (
  partition text PRIMARY KEY,
  confirmed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  confirmed_by text NOT NULL DEFAULT session_user,
  sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32)
);
COMMENT ON TABLE record.archive_confirmations IS
  'Archives that were read back and verified by the role venture_confirmer, not by who made them.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record.archive_confirmations
  FOR EACH ROW EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.archive_confirmations
  FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON record.archive_confirmations FROM venture_owner;

CREATE TABLE record.restored_months (
  partition text PRIMARY KEY,
  restored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  keep_until timestamptz NOT NULL
);
COMMENT ON TABLE record.restored_months IS
  'Archived months that were brought back, and until when they are not dropped again.';

CREATE FUNCTION record.month_of(p_partition text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
  IF p_partition !~ '^events_[0-9]{4}_(0[1-9]|1[0-2])$' THEN
    RAISE EXCEPTION '% is no month of events', p_partition;
  END IF;
  RETURN make_timestamptz(
    substr(p_partition, 8, 4)::int, right(p_partition, 2)::int, 1, 0, 0, 0, 'UTC');
END $$;

CREATE FUNCTION record.is_attached(p_partition text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'record.events'::regclass
    AND inhrelid = to_regclass(format('record.%I', p_partition)))
$$;

CREATE FUNCTION record.venture_confirm_archive(p_partition text, p_sha256 bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- A foreign key would need a right to change archives, which nobody has.
  PERFORM FROM record.archives WHERE partition = p_partition AND sha256 = p_sha256;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no such archive of %', p_partition;
  END IF;
  INSERT INTO record.archive_confirmations (partition, sha256) VALUES (p_partition, p_sha256);
END $$;
COMMENT ON FUNCTION record.venture_confirm_archive IS
  'Says that an archive was read back from the object store and verified.';

CREATE FUNCTION record.venture_keep_digests(p_partition text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_kept bigint;
BEGIN
  IF NOT record.is_attached(p_partition) OR record.month_of(p_partition) IS NULL THEN
    RAISE EXCEPTION '% is no partition of record.events', p_partition;
  END IF;
  EXECUTE format('INSERT INTO record.archived_digests
    SELECT event_id, record.content_digest(canonical) FROM record.%I ON CONFLICT DO NOTHING',
    p_partition);
  GET DIAGNOSTICS v_kept = ROW_COUNT;
  RETURN v_kept;
END $$;
COMMENT ON FUNCTION record.venture_keep_digests IS
  'Keeps digests of a month''s events, for when one of them comes again after it was dropped.';

CREATE OR REPLACE FUNCTION record.venture_detach_partition(p_partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
-- Appends queue behind the lock that this waits for: it gives up before they notice.
SET lock_timeout = '2s' AS $$
DECLARE
  v_end bigint;
  v_open bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('record.venture_ensure_partitions', 0));
  IF NOT record.is_attached(p_partition) THEN
    RAISE EXCEPTION '% is no partition of record.events', p_partition;
  END IF;
  IF record.month_of(p_partition) + interval '1 month' > clock_timestamp() THEN
    RAISE EXCEPTION '% is not over yet', p_partition;
  END IF;
  IF EXISTS (SELECT FROM record.restored_months
    WHERE partition = p_partition AND keep_until > clock_timestamp())
  THEN
    RAISE EXCEPTION '% was brought back and is kept for now', p_partition USING ERRCODE = 'VE010';
  END IF;
  -- From here on nothing is added to the month, and appends in progress that did are over: what is
  -- counted below is what goes. Appends to other months do not notice.
  -- The owner has none of the rights that a lock asks for; this one goes with the table.
  EXECUTE format('GRANT TRUNCATE ON record.%I TO venture_owner', p_partition);
  EXECUTE format('LOCK TABLE record.%I IN SHARE MODE', p_partition);
  SELECT coalesce(max(end_log_index), 0) INTO v_end
    FROM record.archives JOIN record.archive_confirmations USING (partition, sha256);
  IF EXISTS (SELECT FROM (
    SELECT first_log_index, lag(end_log_index, 1, 0::bigint) OVER (ORDER BY end_log_index) AS due
    FROM record.archives JOIN record.archive_confirmations USING (partition, sha256)) a
    WHERE first_log_index <> due)
  THEN
    RAISE EXCEPTION 'the archives do not follow one another from the start of the log';
  END IF;
  EXECUTE format('SELECT count(*) FROM record.%I e WHERE NOT EXISTS (
    SELECT FROM record.log_index l WHERE l.log_index < $1
      AND l.workflow_id = e.workflow_id AND l.seq = e.seq AND l.appended_at = e.appended_at
      AND l.event_hash = e.this_event_hash)', p_partition)
    INTO v_open USING v_end;
  IF v_open > 0 THEN
    RAISE EXCEPTION '% holds % events that are in no confirmed archive', p_partition, v_open
      USING ERRCODE = CASE WHEN EXISTS (SELECT FROM record.archive_confirmations
        WHERE partition = p_partition) THEN 'VE010' ELSE 'P0001' END;
  END IF;
  EXECUTE format('SELECT count(*) FROM record.%I e WHERE NOT EXISTS (
    SELECT FROM record.archived_digests d WHERE d.event_id = e.event_id)', p_partition)
    INTO v_open;
  IF v_open > 0 THEN
    RAISE EXCEPTION '% holds % events without a digest', p_partition, v_open;
  END IF;
  IF v_end > 0 THEN
    IF NOT EXISTS (SELECT FROM record.checkpoints WHERE size >= v_end) THEN
      RAISE EXCEPTION 'no checkpoint covers %', p_partition;
    END IF;
    IF coalesce((SELECT min(next_log_index) FROM record.relay_positions), 0) < v_end THEN
      RAISE EXCEPTION '% is not published yet', p_partition;
    END IF;
    IF coalesce((SELECT min(next_log_index) FROM projection.positions), 0) < v_end THEN
      RAISE EXCEPTION '% is not in the read models yet', p_partition;
    END IF;
  END IF;
  EXECUTE format('ALTER TABLE record.events DETACH PARTITION record.%I', p_partition);
  EXECUTE format('DROP TABLE record.%I', p_partition);
  DELETE FROM record.restored_months WHERE partition = p_partition;
END $$;
COMMENT ON FUNCTION record.venture_detach_partition IS
  'Drops a month of events that is over, archived, confirmed, signed for, published and shown; or '
  'refuses.';

-- Bringing a month back: a table of its own, filled with what the log has the hashes of, and
-- attached once it is whole. Whoever may call this can put nothing else into the record.
CREATE FUNCTION record.venture_begin_restore(p_partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('record.venture_ensure_partitions', 0));
  IF NOT EXISTS (SELECT FROM record.archives WHERE partition = p_partition) THEN
    RAISE EXCEPTION '% is not archived', p_partition;
  END IF;
  IF record.is_attached(p_partition) THEN
    RAISE EXCEPTION '% is in the database', p_partition;
  END IF;
  EXECUTE format('DROP TABLE IF EXISTS record.%I', p_partition);
  PERFORM record.make_partition(record.month_of(p_partition));
END $$;

CREATE FUNCTION record.venture_restore_events(
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
      (convert_from(g.canonical, ''UTF8'')::jsonb ->> ''event_id'')::uuid, g.prev, l.event_hash,
      g.canonical
    FROM unnest($1, $2, $3) AS g(log_index, prev, canonical)
    JOIN record.log_index l USING (log_index)
    WHERE l.appended_at >= $4 AND l.appended_at < $4 + interval ''1 month''
    ON CONFLICT DO NOTHING', p_partition)
    USING p_log_indexes, p_prevs, p_canonicals, v_month;
  GET DIAGNOSTICS v_restored = ROW_COUNT;
  RETURN v_restored;
END $$;
COMMENT ON FUNCTION record.venture_restore_events IS
  'Fills a month that is brought back with those of these events that belong to it; refuses any '
  'that does not have the hash that the log holds at its place. Returns how many were new.';

CREATE FUNCTION record.venture_finish_restore(p_partition text, p_keep_days int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  v_month timestamptz := record.month_of(p_partition);
  v_logged bigint;
  v_restored bigint;
BEGIN
  IF p_keep_days NOT BETWEEN 1 AND 3650 THEN
    RAISE EXCEPTION 'a month is brought back for 1 to 3650 days, not %', p_keep_days;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('record.venture_ensure_partitions', 0));
  SELECT count(*) INTO v_logged FROM record.log_index
    WHERE appended_at >= v_month AND appended_at < v_month + interval '1 month';
  EXECUTE format('SELECT count(*) FROM record.%I', p_partition) INTO v_restored;
  IF v_restored <> v_logged THEN
    RAISE EXCEPTION '% events of % are there, and % in the log', v_restored, p_partition, v_logged;
  END IF;
  PERFORM record.attach_partition(v_month);
  INSERT INTO record.restored_months (partition, keep_until)
    VALUES (p_partition, clock_timestamp() + make_interval(days => p_keep_days));
  RETURN v_restored;
END $$;
COMMENT ON FUNCTION record.venture_finish_restore IS
  'Attaches a month that was brought back once it is whole; it is not dropped again for so long.';

REVOKE EXECUTE ON FUNCTION record.month_of, record.is_attached, record.venture_confirm_archive,
  record.venture_keep_digests, record.venture_begin_restore, record.venture_restore_events, record.venture_finish_restore
  FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION record.venture_detach_partition FROM venture_archiver;
GRANT EXECUTE ON FUNCTION record.venture_begin_restore, record.venture_restore_events,
  record.venture_finish_restore TO venture_archiver;
GRANT SELECT ON record.archive_confirmations, record.restored_months
  TO venture_archiver, venture_confirmer, venture_auditor;
GRANT USAGE ON SCHEMA record TO venture_confirmer;
GRANT EXECUTE ON FUNCTION record.venture_confirm_archive, record.venture_keep_digests,
  record.venture_detach_partition TO venture_confirmer;
GRANT SELECT ON record.archives, record.log_keys, record.checkpoints, record.log_index
  TO venture_confirmer;
