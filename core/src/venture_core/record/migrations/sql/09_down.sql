DROP FUNCTION record.venture_begin_restore, record.venture_restore_events,
  record.venture_finish_restore, record.venture_confirm_archive, record.venture_keep_digests, record.is_attached, record.month_of;
DROP TABLE record.restored_months, record.archive_confirmations;
REVOKE EXECUTE ON FUNCTION record.venture_detach_partition FROM venture_confirmer;
REVOKE SELECT ON record.archives, record.log_keys, record.checkpoints, record.log_index
  FROM venture_confirmer;
REVOKE USAGE ON SCHEMA record FROM venture_confirmer;
GRANT EXECUTE ON FUNCTION record.venture_detach_partition TO venture_archiver;
CREATE OR REPLACE FUNCTION record.venture_detach_partition(p_partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
-- Appends queue behind the lock that this waits for: it gives up before they notice.
SET lock_timeout = '2s' AS $$
DECLARE
  v_end bigint;
  v_open bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('record.venture_ensure_partitions', 0));
  IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'record.events'::regclass
    AND inhrelid = to_regclass(format('record.%I', p_partition)))
  THEN
    RAISE EXCEPTION '% is no partition of record.events', p_partition;
  END IF;
  IF to_timestamp(right(p_partition, 7), 'YYYY_MM') + interval '1 month' > clock_timestamp() THEN
    RAISE EXCEPTION '% is not over yet', p_partition;
  END IF;
  SELECT coalesce(max(end_log_index), 0) INTO v_end FROM record.archives;
  IF EXISTS (SELECT FROM (
    SELECT first_log_index, lag(end_log_index, 1, 0::bigint) OVER (ORDER BY end_log_index) AS due
    FROM record.archives) a WHERE first_log_index <> due)
  THEN
    RAISE EXCEPTION 'the archives do not follow one another from the start of the log';
  END IF;
  EXECUTE format('SELECT count(*) FROM record.%I e WHERE NOT EXISTS (
    SELECT FROM record.log_index l WHERE l.log_index < $1
      AND l.workflow_id = e.workflow_id AND l.seq = e.seq AND l.appended_at = e.appended_at
      AND l.event_hash = e.this_event_hash)', p_partition)
    INTO v_open USING v_end;
  IF v_open > 0 THEN
    RAISE EXCEPTION '% holds % events that are in no archive', p_partition, v_open;
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
END $$;
