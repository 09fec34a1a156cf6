DROP FUNCTION record.venture_erase_personal_data;
ALTER TABLE record.personal_data DROP CONSTRAINT no_subject_of_what_is_erased;
UPDATE record.personal_data SET subject = subject_digest WHERE subject IS NULL;
ALTER TABLE record.personal_data DROP COLUMN subject_digest, ALTER subject SET NOT NULL;
CREATE FUNCTION record.venture_erase_personal_data(p_subject text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH erased AS (
    UPDATE record.personal_data SET data = NULL, data_key = NULL, erased_at = clock_timestamp()
    WHERE subject = p_subject AND erased_at IS NULL RETURNING 1
  )
  SELECT count(*) FROM erased
$$;
REVOKE EXECUTE ON FUNCTION record.venture_erase_personal_data FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.venture_erase_personal_data TO venture_privacy;
