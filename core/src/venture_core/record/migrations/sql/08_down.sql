DROP FUNCTION record.make_partition, record.attach_partition;
CREATE OR REPLACE FUNCTION record.venture_ensure_partitions(p_months_ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  v_month timestamptz;
  v_name text;
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
    v_name := record.partition_name(v_month);
    CONTINUE WHEN to_regclass(format('record.%I', v_name)) IS NOT NULL;
    EXECUTE format('CREATE TABLE record.%I PARTITION OF record.events FOR VALUES FROM (%L) TO (%L)',
      v_name, v_month, v_month + interval '1 month');
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON record.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change()', v_name);
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON record.%I FROM venture_owner', v_name);
    v_created := v_created + 1;
  END LOOP;
  RETURN v_created;
END $$;
