DO $do$
BEGIN
  IF current_setting('server_version_num')::int < 160000 THEN
    CREATE OR REPLACE FUNCTION record.is_object_of_unique_keys(p_text text, p_reread text)
    RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT starts_with(p_text, '{')
        AND octet_length(p_text) - octet_length(replace(p_text, '"', ''))
          = octet_length(p_reread) - octet_length(replace(p_reread, '"', ''))
        AND (strpos(p_text, '\u0022') = 0 OR strpos(replace(p_text, '\\', ''), '\u0022') = 0)
    $$;
  END IF;
END $do$;
