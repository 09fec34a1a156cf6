-- Personal data, kept apart from the events that refer to it, so that it can be erased. An event
-- holds the reference and a digest keyed with data_key; once the key is gone, nobody can tell
-- from the digest what the data was.

CREATE TABLE record.personal_data (
  reference uuid PRIMARY KEY,
  subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 253),
  stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  erased_at timestamptz,
  data_key bytea CHECK (octet_length(data_key) = 32),
  data bytea CHECK (octet_length(data) <= 65536),
  CHECK ((erased_at IS NULL) = (data IS NOT NULL) AND (data IS NULL) = (data_key IS NULL))
);
CREATE INDEX personal_data_by_subject ON record.personal_data (subject);

CREATE FUNCTION record.venture_store_personal_data(
  p_reference uuid, p_subject text, p_key bytea, p_data bytea
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO record.personal_data (reference, subject, data_key, data)
  VALUES (p_reference, p_subject, p_key, p_data)
$$;

CREATE FUNCTION record.venture_erase_personal_data(p_subject text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH erased AS (
    UPDATE record.personal_data SET data = NULL, data_key = NULL, erased_at = clock_timestamp()
    WHERE subject = p_subject AND erased_at IS NULL RETURNING 1
  )
  SELECT count(*) FROM erased
$$;
COMMENT ON FUNCTION record.venture_erase_personal_data IS
  'Erases all data of a subject and the keys of its digests; returns how many items there were.';

REVOKE EXECUTE ON FUNCTION
  record.venture_store_personal_data, record.venture_erase_personal_data FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.venture_store_personal_data TO venture_producer;
GRANT EXECUTE ON FUNCTION record.venture_erase_personal_data TO venture_privacy;
GRANT SELECT ON record.personal_data TO venture_privacy;
