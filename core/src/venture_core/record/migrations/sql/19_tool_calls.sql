-- What agents' tools were called for: begun before the effect, answered after it. The first answer
-- stands, and nothing is deleted.
CREATE TABLE record.tool_calls (
  task_id uuid NOT NULL,
  call_id uuid NOT NULL,
  tool text NOT NULL CHECK (char_length(tool) BETWEEN 1 AND 64),
  input_digest bytea NOT NULL CHECK (octet_length(input_digest) = 32),
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  answer text CHECK (octet_length(answer) <= 655360),
  PRIMARY KEY (task_id, call_id)
);
COMMENT ON TABLE record.tool_calls IS 'Every call of a tool that the tool-gateway performs, once.';
CREATE INDEX ON record.tool_calls (task_id, tool, begun_at);
CREATE TRIGGER no_delete BEFORE DELETE ON record.tool_calls
  FOR EACH ROW EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON record.tool_calls
  FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
CREATE FUNCTION record.refuse_other_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a call of a tool is answered once, and nothing else of it changes';
END
$$;
CREATE TRIGGER answered_once BEFORE UPDATE ON record.tool_calls FOR EACH ROW
  WHEN (OLD.answer IS NOT NULL OR NEW.answer IS NULL
    OR (OLD.task_id, OLD.call_id, OLD.tool, OLD.input_digest, OLD.begun_at)
      IS DISTINCT FROM (NEW.task_id, NEW.call_id, NEW.tool, NEW.input_digest, NEW.begun_at))
  EXECUTE FUNCTION record.refuse_other_answer();

CREATE FUNCTION record.begin_tool_call(
  p_task_id uuid, p_call_id uuid, p_tool text, p_input_digest bytea, p_calls_per_minute integer
) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_found record.tool_calls;
  v_standing text;
BEGIN
  -- One call of a task at a time, so that counting counts.
  PERFORM pg_advisory_xact_lock(hashtextextended('tool_calls/' || p_task_id, 0));
  SELECT * INTO v_found FROM record.tool_calls
    WHERE task_id = p_task_id AND call_id = p_call_id;
  IF v_found.call_id IS NOT NULL THEN
    v_standing := CASE
      WHEN v_found.tool <> p_tool OR v_found.input_digest <> p_input_digest THEN 'Other'
      WHEN v_found.answer IS NULL THEN 'Begun'
      ELSE 'Answered' END;
  ELSIF (SELECT count(*) FROM record.tool_calls WHERE task_id = p_task_id AND tool = p_tool
      AND begun_at > clock_timestamp() - interval '1 minute') >= p_calls_per_minute THEN
    v_standing := 'TooOften';
  ELSE
    INSERT INTO record.tool_calls (task_id, call_id, tool, input_digest)
      VALUES (p_task_id, p_call_id, p_tool, p_input_digest);
    v_standing := 'Begun';
  END IF;
  RETURN convert_to(json_build_object('standing', v_standing, 'answer',
    CASE v_standing WHEN 'Answered' THEN v_found.answer END)::text, 'UTF8');
END
$$;
COMMENT ON FUNCTION record.begin_tool_call IS
  'Notes that a call is about to be performed, or says why not; without a bound the last is null.';
REVOKE EXECUTE ON FUNCTION record.begin_tool_call FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.begin_tool_call TO venture_service_tool_gateway;

CREATE FUNCTION record.finish_tool_call(p_task_id uuid, p_call_id uuid, p_answer text)
RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE record.tool_calls SET answer = p_answer
    WHERE task_id = p_task_id AND call_id = p_call_id AND answer IS NULL;
  RETURN (SELECT convert_to(answer, 'UTF8') FROM record.tool_calls
    WHERE task_id = p_task_id AND call_id = p_call_id);
END
$$;
COMMENT ON FUNCTION record.finish_tool_call IS
  'Notes what a call came to, unless it was answered; returns the answer that stands.';
REVOKE EXECUTE ON FUNCTION record.finish_tool_call FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.finish_tool_call TO venture_service_tool_gateway;
