-- Before Postgres 16 an event is read and written again as jsonb, which writes a number of eight
-- characters out with a hundred thousand digits: one event of 63 KB took 3.6 GB and half a minute.
-- No event has exponents. In strings, digests for one, they are only letters.
DO $do$
BEGIN
  IF current_setting('server_version_num')::int < 160000 THEN
    CREATE OR REPLACE FUNCTION record.reread(p_text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT CASE WHEN p_text ~ '[:,[ ]-?[0-9.]+[eE]'
        AND regexp_replace(p_text, '"(?:[^"\\]|\\.)*"', '', 'g') ~ '[0-9.][eE]'
        THEN NULL ELSE p_text::jsonb::text END
    $$;
  END IF;
END $do$;
