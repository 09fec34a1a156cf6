-- An erasure leaves nothing that says whose data it was, and is an event of the record. Whoever
-- erases makes up a key, and gives the digest of the subject under it; the key is kept nowhere.
ALTER TABLE record.personal_data ALTER subject DROP NOT NULL, ADD COLUMN subject_digest text
  CHECK (subject_digest ~ '^hmac-sha256:[0-9a-f]{64}$');
-- Those erased before: a digest that nobody has the key of, the same for all items of a subject.
UPDATE record.personal_data d SET subject = NULL, subject_digest = known.digest
FROM (
  SELECT subject, 'hmac-sha256:' || encode(sha256(
    uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || convert_to(subject, 'UTF8')
  ), 'hex') AS digest
  FROM (SELECT DISTINCT subject FROM record.personal_data WHERE erased_at IS NOT NULL) erased
) known
WHERE d.subject = known.subject AND d.erased_at IS NOT NULL;
ALTER TABLE record.personal_data ADD CONSTRAINT no_subject_of_what_is_erased
  CHECK ((erased_at IS NULL) = (subject IS NOT NULL)
    AND (subject IS NULL) = (subject_digest IS NOT NULL));

DROP FUNCTION record.venture_erase_personal_data(text);
CREATE FUNCTION record.venture_erase_personal_data(
  p_subject text, p_subject_digest text, p_event_id uuid, p_erasure uuid, p_canonical bytea
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_event jsonb := convert_from(p_canonical, 'UTF8')::jsonb;
  v_items bigint;
BEGIN
  -- Nothing of the subject is stored while it is erased.
  LOCK TABLE record.personal_data IN SHARE ROW EXCLUSIVE MODE;
  SELECT count(*) INTO v_items FROM record.personal_data WHERE subject = p_subject;
  IF v_event ->> 'event_type' IS DISTINCT FROM 'privacy.data.erased.v1'
    OR v_event #>> '{payload,subject}' IS DISTINCT FROM p_subject_digest
  THEN
    RAISE EXCEPTION 'the event is not that of the erasure' USING ERRCODE = 'VE003';
  END IF;
  IF v_event #>> '{payload,items}' IS DISTINCT FROM v_items::text THEN
    RETURN false;
  END IF;
  UPDATE record.personal_data SET data = NULL, data_key = NULL, subject = NULL,
    subject_digest = p_subject_digest, erased_at = clock_timestamp()
  WHERE subject = p_subject;
  PERFORM record.venture_append_events(ARRAY[p_event_id], ARRAY[p_erasure], ARRAY[p_canonical]);
  RETURN true;
END $$;
COMMENT ON FUNCTION record.venture_erase_personal_data IS
  'Erases all data of a subject and the keys of its digests, and records it with this event; false, '
  'and nothing is done, where the event counts other than there is.';
REVOKE EXECUTE ON FUNCTION record.venture_erase_personal_data FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.venture_erase_personal_data TO venture_privacy;
