-- Founders' accounts, and who is signed in. An account is tried before its password is looked at, so
-- that tries at the same time count as those one after the other; success takes the count back.
CREATE TABLE record.accounts (
  account text PRIMARY KEY CHECK (account ~ '^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$'),
  role text NOT NULL CHECK (role IN ('Founder', 'Finance')),
  password_hash text NOT NULL CHECK (octet_length(password_hash) BETWEEN 40 AND 200),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  disabled_at timestamptz,
  failures integer NOT NULL DEFAULT 0,
  locked_until timestamptz
);
COMMENT ON TABLE record.accounts IS 'Who may sign in to the founders'' API.';
CREATE TABLE record.founder_sessions (
  token_id uuid PRIMARY KEY,
  account text NOT NULL REFERENCES record.accounts,
  expires_at timestamptz NOT NULL
);
CREATE INDEX ON record.founder_sessions (account, expires_at);
COMMENT ON TABLE record.founder_sessions IS 'Tokens that count: one that is not here is refused.';

CREATE FUNCTION record.create_account(p_account text, p_role text, p_password_hash text)
RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO record.accounts AS known (account, role, password_hash)
    VALUES (p_account, p_role, p_password_hash)
    ON CONFLICT (account) DO UPDATE SET role = p_role, password_hash = p_password_hash,
      created_at = clock_timestamp(), disabled_at = NULL, failures = 0, locked_until = NULL
    WHERE known.disabled_at IS NOT NULL;
  RETURN convert_to(json_build_object('made', FOUND)::text, 'UTF8');
END
$$;
COMMENT ON FUNCTION record.create_account IS
  'Makes an account, or one again that was disabled; says whether it did.';

CREATE FUNCTION record.list_accounts() RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT convert_to(coalesce(json_agg(json_build_object('account', account, 'role', role,
    'createdAt', created_at, 'disabled', disabled_at IS NOT NULL,
    'locked', coalesce(locked_until > clock_timestamp(), false)) ORDER BY account), '[]')::text,
    'UTF8')
  FROM record.accounts
$$;
COMMENT ON FUNCTION record.list_accounts IS 'All accounts, without what proves them.';

CREATE FUNCTION record.disable_account(p_account text) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_known boolean;
BEGIN
  UPDATE record.accounts SET disabled_at = coalesce(disabled_at, clock_timestamp())
    WHERE account = p_account;
  v_known := FOUND;
  DELETE FROM record.founder_sessions WHERE account = p_account;
  RETURN convert_to(json_build_object('known', v_known)::text, 'UTF8');
END
$$;
COMMENT ON FUNCTION record.disable_account IS
  'Lets an account sign in no more, and ends its sessions; says whether there is one.';

CREATE FUNCTION record.begin_sign_in(p_account text) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_hash text;
BEGIN
  -- The fifth failure locks for half a minute, each after that for twice as long, up to 15 minutes.
  UPDATE record.accounts SET failures = least(failures + 1, 1000),
      locked_until = CASE WHEN failures >= 4
        THEN clock_timestamp() + least(30 * power(2, least(failures - 4, 10)), 900)
          * interval '1 second' END
    WHERE account = p_account AND disabled_at IS NULL
      AND (locked_until IS NULL OR locked_until <= clock_timestamp())
    RETURNING password_hash INTO v_hash;
  RETURN convert_to(json_build_object('passwordHash', v_hash)::text, 'UTF8');
END
$$;
COMMENT ON FUNCTION record.begin_sign_in IS
  'Counts a try and gives what proves the account; null where it may not be tried now, or is none.';

CREATE FUNCTION record.finish_sign_in(
  p_account text, p_password_hash text, p_token_id uuid, p_expires_at timestamptz
) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_role text;
BEGIN
  UPDATE record.accounts SET failures = 0, locked_until = NULL
    WHERE account = p_account AND password_hash = p_password_hash AND disabled_at IS NULL
    RETURNING role INTO v_role;
  IF v_role IS NOT NULL THEN
    DELETE FROM record.founder_sessions WHERE expires_at <= clock_timestamp()
      OR token_id IN (SELECT token_id FROM record.founder_sessions WHERE account = p_account
        ORDER BY expires_at DESC OFFSET 49);
    INSERT INTO record.founder_sessions (token_id, account, expires_at)
      VALUES (p_token_id, p_account, p_expires_at);
  END IF;
  RETURN convert_to(json_build_object('role', v_role)::text, 'UTF8');
END
$$;
COMMENT ON FUNCTION record.finish_sign_in IS
  'Opens a session of an account whose password was right; of one account the newest 50 count.';

CREATE FUNCTION record.founder_session(p_token_id uuid) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT convert_to(json_build_object('account', account, 'role', role)::text, 'UTF8')
  FROM record.founder_sessions JOIN record.accounts USING (account)
  WHERE token_id = p_token_id AND expires_at > clock_timestamp() AND disabled_at IS NULL
$$;
COMMENT ON FUNCTION record.founder_session IS 'Whose token it is; null where it does not count.';

CREATE FUNCTION record.end_founder_session(p_token_id uuid) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM record.founder_sessions WHERE token_id = p_token_id;
  RETURN convert_to(json_build_object('ended', FOUND)::text, 'UTF8');
END
$$;
COMMENT ON FUNCTION record.end_founder_session IS 'Has a token count no more.';

DO $$
DECLARE
  v_function text;
BEGIN
  FOREACH v_function IN ARRAY ARRAY[
    'create_account(text, text, text)', 'list_accounts()', 'disable_account(text)',
    'begin_sign_in(text)', 'finish_sign_in(text, text, uuid, timestamptz)',
    'founder_session(uuid)', 'end_founder_session(uuid)'
  ] LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION record.%s FROM PUBLIC', v_function);
    EXECUTE format('GRANT EXECUTE ON FUNCTION record.%s TO venture_content', v_function);
  END LOOP;
END
$$;
