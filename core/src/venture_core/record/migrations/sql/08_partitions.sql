-- A month's partition is made apart and then attached. CREATE TABLE … PARTITION OF takes a lock that
-- one open snapshot withholds, and every append queues behind whoever waits for it; ATTACH takes one
-- that neither readers nor writers notice.
CREATE FUNCTION record.make_partition(p_month timestamptz) RETURNS text
LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
  v_name text := record.partition_name(p_month);
BEGIN
  EXECUTE format('CREATE TABLE record.%I (LIKE record.events INCLUDING CONSTRAINTS INCLUDING INDEXES, '
    'CONSTRAINT is_of_month CHECK (appended_at >= %L AND appended_at < %L))',
    v_name, p_month, p_month + interval '1 month');
  EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.%I '
    'FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change()', v_name);
  EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON record.%I FROM venture_owner', v_name);
  RETURN v_name;
END $$;

CREATE FUNCTION record.attach_partition(p_month timestamptz) RETURNS void
LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
  v_name text := record.partition_name(p_month);
BEGIN
  EXECUTE format('ALTER TABLE record.events ATTACH PARTITION record.%I FOR VALUES FROM (%L) TO (%L)',
    v_name, p_month, p_month + interval '1 month');
  -- The partition's bounds say the same.
  EXECUTE format('ALTER TABLE record.%I DROP CONSTRAINT is_of_month', v_name);
END $$;

CREATE OR REPLACE FUNCTION record.venture_ensure_partitions(p_months_ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
-- Whoever holds the lock that this waits for (another maintenance of the table) may take long.
SET lock_timeout = '500ms' AS $$
DECLARE
  v_month timestamptz;
  v_created int := 0;
BEGIN
  IF p_months_ahead NOT BETWEEN 0 AND 120 THEN
    RAISE EXCEPTION 'months ahead are 0 to 120, not %', p_months_ahead;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('record.venture_ensure_partitions', 0));
  FOR v_month IN
    SELECT date_trunc('month', clock_timestamp()) + make_interval(months => ahead)
    FROM generate_series(0, p_months_ahead) ahead
  LOOP
    CONTINUE WHEN to_regclass(format('record.%I', record.partition_name(v_month))) IS NOT NULL;
    PERFORM record.make_partition(v_month);
    PERFORM record.attach_partition(v_month);
    v_created := v_created + 1;
  END LOOP;
  RETURN v_created;
END $$;
REVOKE EXECUTE ON FUNCTION record.make_partition, record.attach_partition FROM PUBLIC;
