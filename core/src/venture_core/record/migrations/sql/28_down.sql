DO $do$
BEGIN
  IF current_setting('server_version_num')::int < 160000 THEN
    CREATE OR REPLACE FUNCTION record.reread(p_text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT p_text::jsonb::text $$;
  END IF;
END $do$;
