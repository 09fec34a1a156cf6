-- The one place where money is decided about. Operations come in arrays; all budgets they touch are
-- locked in id order first, and every decision follows from what is read after that.

CREATE TYPE treasury.operation AS (
  id uuid, kind text, wallet uuid, namespace text, currency text, minor_micros bigint,
  budget uuid, parent uuid, chain uuid, budget_kind text, purpose text, name text,
  hold uuid, amount bigint, expires_at timestamptz, ttl_seconds bigint, final boolean,
  merchant text, category text, task text, role text, state text, objection text, terms jsonb,
  input_hash text
);
COMMENT ON TYPE treasury.operation IS
  'kind: Fund, SetBudget, EndBudget, Approve, Spend, UsageHold, Capture, Void, Refund, Settle, Sweep. '
  'amount: micro-units. chain: the workflow that a budget is for, or that the caller works for; '
  'task, role: the caller''s. objection: why it is refused already, for the record.';

-- Whether whoever asks may touch an intent: tasks of its workflow that it names, in its role.
CREATE FUNCTION treasury.caller_objection(
  p_intent treasury.intents, p_chain uuid, p_role text, p_task text
) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_intent.workflow_id IS DISTINCT FROM p_chain THEN 'UNKNOWN_INTENT'
    WHEN p_intent.role IS DISTINCT FROM p_role THEN 'ROLE_NOT_ALLOWED'
    WHEN p_task IS NULL OR NOT p_task = ANY (p_intent.tasks) THEN 'TASK_NOT_ALLOWED'
    END
$$;

CREATE TYPE treasury.outcome AS (
  operation_id uuid, code text, facts jsonb, status int, input_hash bytea, answer bytea
);

CREATE FUNCTION treasury.budget_facts(p_budget uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT jsonb_build_object('budget', to_jsonb(b), 'wallet', to_jsonb(w), 'intent', to_jsonb(i))
    FROM treasury.budgets b JOIN treasury.wallets w USING (wallet_id)
    LEFT JOIN treasury.intents i ON i.intent_id = b.budget_id WHERE b.budget_id = p_budget
  );
END $$;

CREATE FUNCTION treasury.hold_facts(p_hold uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT treasury.budget_facts(h.budget_id) || jsonb_build_object('hold', to_jsonb(h))
    FROM treasury.holds h WHERE h.hold_id = p_hold
  );
END $$;

CREATE FUNCTION treasury.free(p_budget treasury.budgets) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT p_budget.limit_micros - p_budget.spent_micros - p_budget.held_micros
$$;

CREATE FUNCTION treasury.open_wallets(p_operations treasury.operation[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_new uuid[];
BEGIN
  WITH made AS (
    INSERT INTO treasury.wallets (wallet_id, namespace, currency, minor_micros)
    SELECT DISTINCT o.wallet, o.namespace, o.currency, o.minor_micros FROM unnest(p_operations) o
    WHERE o.kind = 'Fund' ORDER BY 1 ON CONFLICT DO NOTHING RETURNING wallet_id
  ) SELECT array_agg(wallet_id) INTO v_new FROM made;
  IF v_new IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO treasury.budgets (budget_id, wallet_id, chain_id, limit_micros, reserves, kind, purpose,
    name, ancestors, counts_on)
    SELECT wallet_id, wallet_id, wallet_id, 0, true, 'Wallet', 'All', namespace, '{}', ARRAY[wallet_id]
    FROM treasury.wallets WHERE wallet_id = ANY (v_new);
  -- 1020 the wallet, 3010 what was paid in, 6010 what agents bought, 6020 language models.
  INSERT INTO treasury.accounts (wallet_id, code, is_debit)
    SELECT w, code, code <> 3010 FROM unnest(v_new) w, unnest(ARRAY[1020, 3010, 6010, 6020]) code;
END $$;

-- Locks every budget that the operations, or holds and intents whose time is over, can change.
CREATE FUNCTION treasury.lock_budgets(p_operations treasury.operation[], p_now timestamptz)
RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
  v_locked uuid[];
BEGIN
  WITH RECURSIVE named AS (
    SELECT unnest(ARRAY[o.wallet, o.budget, o.parent]) AS id FROM unnest(p_operations) o
    UNION SELECT h.budget_id FROM unnest(p_operations) o JOIN treasury.holds h ON h.hold_id = o.hold
    UNION SELECT budget_id FROM treasury.holds WHERE state = 'Pending' AND expires_at <= p_now
    UNION SELECT budget_id FROM treasury.budgets WHERE state = 'Open' AND expires_at <= p_now
  ), below AS (
    SELECT o.budget AS id FROM unnest(p_operations) o WHERE o.kind = 'EndBudget'
    UNION SELECT b.budget_id FROM below JOIN treasury.budgets b ON b.parent_id = below.id
  ), reached AS (
    SELECT id FROM named UNION SELECT id FROM below
    UNION SELECT unnest(b.ancestors) FROM named JOIN treasury.budgets b ON b.budget_id = named.id
  ), locked AS (
    SELECT b.budget_id FROM treasury.budgets b
    WHERE b.budget_id = ANY (ARRAY(SELECT id FROM reached WHERE id IS NOT NULL))
    ORDER BY b.budget_id FOR NO KEY UPDATE
  )
  SELECT array_agg(budget_id) INTO v_locked FROM locked;
  RETURN coalesce(v_locked, '{}');
END $$;

CREATE FUNCTION treasury.release(p_budget uuid, p_micros bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_counts_on uuid[];
  v_top treasury.budgets;
BEGIN
  WHILE p_micros > 0 AND p_budget IS NOT NULL LOOP
    SELECT counts_on INTO v_counts_on FROM treasury.budgets WHERE budget_id = p_budget;
    UPDATE treasury.budgets SET held_micros = held_micros - p_micros
      WHERE budget_id = ANY (v_counts_on);
    SELECT * INTO v_top FROM treasury.budgets
      WHERE budget_id = v_counts_on[cardinality(v_counts_on)];
    EXIT WHEN v_top.state = 'Open';
    -- It has ended and keeps nothing: what comes back goes on to where it was reserved.
    UPDATE treasury.budgets SET reserved_micros = reserved_micros - p_micros
      WHERE budget_id = v_top.budget_id;
    p_budget := v_top.parent_id;
  END LOOP;
END $$;
COMMENT ON FUNCTION treasury.release IS
  'Gives back what a hold, or a budget below this one, has held here and not spent.';

CREATE FUNCTION treasury.resolve(p_hold uuid, p_state text, p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_hold treasury.holds;
  v_rest bigint;
BEGIN
  UPDATE treasury.holds SET state = p_state, resolved_at = p_now
    WHERE hold_id = p_hold AND state = 'Pending' RETURNING * INTO STRICT v_hold;
  v_rest := v_hold.amount_micros - v_hold.posted_micros;
  PERFORM treasury.release(v_hold.budget_id, v_rest);
  IF v_hold.day_start IS NOT NULL AND v_rest > 0 THEN
    UPDATE treasury.days SET used_micros = used_micros - v_rest
      WHERE wallet_id = v_hold.wallet_id AND day_start = v_hold.day_start;
  END IF;
END $$;

CREATE FUNCTION treasury.post(
  p_operation uuid, p_hold uuid, p_micros bigint, p_now timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_hold treasury.holds;
  v_budget treasury.budgets;
  v_wallet treasury.wallets;
  v_minor bigint;
BEGIN
  IF p_micros = 0 THEN
    RETURN;
  END IF;
  UPDATE treasury.holds SET posted_micros = posted_micros + p_micros
    WHERE hold_id = p_hold RETURNING * INTO STRICT v_hold;
  SELECT * INTO STRICT v_budget FROM treasury.budgets WHERE budget_id = v_hold.budget_id;
  UPDATE treasury.budgets
    SET held_micros = held_micros - p_micros, spent_micros = spent_micros + p_micros
    WHERE budget_id = ANY (v_budget.ancestors || v_budget.budget_id);
  UPDATE treasury.wallets
    SET usage_micros = usage_micros + CASE v_hold.kind WHEN 'Usage' THEN p_micros ELSE 0 END
    WHERE wallet_id = v_hold.wallet_id RETURNING * INTO STRICT v_wallet;
  IF v_hold.kind = 'Spend' THEN
    v_minor := p_micros / v_wallet.minor_micros;
  ELSE
    -- Whole minor units of all usage so far, less those that are posted: the rest waits here.
    SELECT v_wallet.usage_micros / v_wallet.minor_micros - debits_minor INTO v_minor
      FROM treasury.accounts WHERE wallet_id = v_hold.wallet_id AND code = 6020;
  END IF;
  IF v_minor > 0 THEN
    INSERT INTO treasury.transfers (operation_id, wallet_id, hold_id, posted_at, amount_minor,
      debit_code, credit_code)
      VALUES (p_operation, v_hold.wallet_id, p_hold, p_now, v_minor,
        CASE v_hold.kind WHEN 'Spend' THEN 6010 ELSE 6020 END, 1020);
  END IF;
  UPDATE treasury.budgets SET state = 'Consumed', ended_at = p_now
    WHERE budget_id = v_hold.budget_id AND kind = 'Intent' AND state = 'Open'
      AND spent_micros = limit_micros;
END $$;
COMMENT ON FUNCTION treasury.post IS 'Spends a part of a hold, and ends an intent that is used up.';

CREATE FUNCTION treasury.end_budget(p_budget uuid, p_state text, p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
  v_budget treasury.budgets;
  v_free bigint;
BEGIN
  FOR v_id IN SELECT budget_id FROM treasury.budgets
    WHERE parent_id = p_budget AND state = 'Open' ORDER BY budget_id
  LOOP
    PERFORM treasury.end_budget(v_id, p_state, p_now);
  END LOOP;
  FOR v_id IN SELECT h.hold_id FROM treasury.holds h
    -- Usage that is under way is settled by what it really was, and released then.
    WHERE h.budget_id = p_budget AND h.state = 'Pending' AND h.kind = 'Spend' ORDER BY h.hold_id
  LOOP
    PERFORM treasury.resolve(v_id, CASE p_state WHEN 'Expired' THEN 'Expired' ELSE 'Voided' END,
      p_now);
  END LOOP;
  SELECT * INTO STRICT v_budget FROM treasury.budgets WHERE budget_id = p_budget;
  v_free := CASE WHEN v_budget.reserves
    THEN v_budget.reserved_micros - v_budget.spent_micros - v_budget.held_micros ELSE 0 END;
  UPDATE treasury.budgets
    SET state = p_state, ended_at = p_now, reserved_micros = reserved_micros - v_free
    WHERE budget_id = p_budget;
  PERFORM treasury.release(v_budget.parent_id, v_free);
END $$;
COMMENT ON FUNCTION treasury.end_budget IS
  'Ends a budget and those below it: nothing new is held, and what is not spent goes back up.';

CREATE FUNCTION treasury.expire(p_locked uuid[], p_now timestamptz) RETURNS SETOF treasury.outcome
LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
BEGIN
  FOR v_id IN SELECT budget_id FROM treasury.budgets WHERE state = 'Open' AND expires_at <= p_now
    AND budget_id = ANY (p_locked) ORDER BY budget_id
  LOOP
    PERFORM treasury.end_budget(v_id, 'Expired', p_now);
    RETURN NEXT (v_id, 'INTENT_EXPIRED', treasury.budget_facts(v_id), NULL, NULL, NULL)
      ::treasury.outcome;
  END LOOP;
  FOR v_id IN SELECT hold_id FROM treasury.holds WHERE state = 'Pending' AND expires_at <= p_now
    AND budget_id = ANY (p_locked) ORDER BY hold_id
  LOOP
    PERFORM treasury.resolve(v_id, 'Expired', p_now);
    RETURN NEXT (v_id, 'HOLD_EXPIRED', treasury.hold_facts(v_id), NULL, NULL, NULL)
      ::treasury.outcome;
  END LOOP;
END $$;
COMMENT ON FUNCTION treasury.expire IS
  'Releases what is over. An outcome is named by the intent or hold that it is about.';

-- Why each hold that is asked for is refused, NULL where nothing speaks against it alone. It is not in
-- SQL alone, since such functions are planned anew in every call.
CREATE FUNCTION treasury.objections(p_operations treasury.operation[], p_now timestamptz)
RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    WITH asked AS (
      SELECT o.*, o.ordinality AS ord FROM unnest(p_operations) WITH ORDINALITY o
    ), limited AS (
      SELECT i.*, b.wallet_id, (
          SELECT coalesce(sum(CASE h.state WHEN 'Pending' THEN h.amount_micros
            ELSE h.posted_micros END), 0)
          FROM treasury.holds h WHERE h.wallet_id = b.wallet_id AND h.merchant = i.merchant
            AND h.kind = 'Spend' AND h.placed_at > p_now - make_interval(secs => i.velocity_seconds)
        ) AS velocity_used, (
          SELECT count(*) FROM treasury.holds h
          WHERE h.wallet_id = b.wallet_id AND h.merchant = i.merchant AND h.kind = 'Spend'
            AND h.placed_at > p_now - make_interval(secs => i.velocity_seconds)
            AND (h.state = 'Pending' OR h.posted_micros > 0)
        ) AS velocity_count, coalesce((
          SELECT used_micros FROM treasury.days d WHERE d.wallet_id = b.wallet_id
            AND d.day_start = date_trunc('day', p_now, i.day_zone)
        ), 0) AS day_used
      FROM treasury.intents i JOIN treasury.budgets b ON b.budget_id = i.intent_id
      WHERE i.intent_id IN (SELECT budget FROM asked)
    ), roomy AS (
      SELECT DISTINCT ON (a.ord) a.ord, n.kind, n.state FROM asked a
      JOIN treasury.budgets b ON b.budget_id = a.budget
      JOIN treasury.budgets n ON n.budget_id = ANY (b.counts_on)
      WHERE n.state <> 'Open' OR treasury.free(n) < a.amount
      ORDER BY a.ord, array_position(b.counts_on, n.budget_id)
    )
    SELECT array_agg(CASE
      WHEN b.budget_id IS NULL OR a.kind = 'Spend' AND i.intent_id IS NULL
        OR a.kind = 'UsageHold' AND b.purpose <> 'Usage'
        THEN CASE a.kind WHEN 'Spend' THEN 'UNKNOWN_INTENT' ELSE 'UNKNOWN_BUDGET' END
      WHEN a.kind = 'Spend' AND treasury.caller_objection(i, a.chain, a.role, a.task) IS NOT NULL
        THEN treasury.caller_objection(i, a.chain, a.role, a.task)
      WHEN a.objection IS NOT NULL THEN a.objection
      WHEN b.state = 'Expired' THEN 'INTENT_EXPIRED'
      WHEN b.state = 'Revoked' THEN 'INTENT_REVOKED'
      WHEN b.state = 'Consumed' THEN 'INTENT_CONSUMED'
      WHEN b.state <> 'Open' THEN 'BUDGET_CLOSED'
      WHEN w.currency <> a.currency THEN 'CURRENCY_MISMATCH'
      WHEN i.not_before > p_now THEN 'OUTSIDE_WINDOW'
      WHEN i.merchant <> a.merchant THEN 'MERCHANT_NOT_ALLOWED'
      WHEN NOT a.category = ANY (i.categories) THEN 'CATEGORY_NOT_ALLOWED'
      WHEN a.amount > i.per_transaction_micros THEN 'PER_TRANSACTION_CAP_EXCEEDED'
      WHEN r.kind = 'Intent' AND r.state = 'Open' THEN 'CAP_EXCEEDED'
      WHEN r.kind = 'Wallet' THEN 'INSUFFICIENT_FUNDS'
      WHEN r.kind IS NOT NULL AND r.state <> 'Open' THEN 'BUDGET_CLOSED'
      WHEN r.kind IS NOT NULL THEN 'BUDGET_EXCEEDED'
      WHEN l.velocity_count + 1 > i.velocity_transactions THEN 'VELOCITY_COUNT_EXCEEDED'
      WHEN l.velocity_used + a.amount > i.velocity_micros THEN 'VELOCITY_AMOUNT_EXCEEDED'
      WHEN l.day_used + a.amount > i.day_micros THEN 'DAILY_CAP_EXCEEDED'
      END ORDER BY a.ord)
    FROM asked a LEFT JOIN treasury.budgets b ON b.budget_id = a.budget
    LEFT JOIN treasury.wallets w ON w.wallet_id = b.wallet_id
    LEFT JOIN treasury.intents i ON i.intent_id = a.budget
    LEFT JOIN limited l ON l.intent_id = a.budget
    LEFT JOIN roomy r ON r.ord = a.ord
  );
END $$;

-- Whether holds that nothing speaks against one by one fit together, too.
CREATE FUNCTION treasury.fit_together(p_operations treasury.operation[], p_now timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    WITH asked AS (
      SELECT o.budget, count(*) AS number, sum(o.amount) AS amount FROM unnest(p_operations) o
      GROUP BY o.budget
    ), wanted AS (
      SELECT a.*, b.wallet_id, b.counts_on FROM asked a JOIN treasury.budgets b ON b.budget_id = a.budget
    ), per_merchant AS (
      SELECT w.wallet_id, i.merchant, sum(w.number) AS number, sum(w.amount) AS amount
      FROM wanted w JOIN treasury.intents i ON i.intent_id = w.budget GROUP BY 1, 2
    ), per_wallet AS (
      SELECT w.wallet_id, sum(w.amount) AS amount
      FROM wanted w JOIN treasury.intents i ON i.intent_id = w.budget GROUP BY 1
    )
    SELECT NOT EXISTS (
      SELECT FROM wanted w JOIN treasury.budgets n ON n.budget_id = ANY (w.counts_on)
      GROUP BY n.budget_id HAVING sum(w.amount) > min(treasury.free(n))
    ) AND NOT EXISTS (
      SELECT FROM wanted w JOIN treasury.intents i ON i.intent_id = w.budget
      JOIN per_merchant m ON m.wallet_id = w.wallet_id AND m.merchant = i.merchant
      WHERE i.velocity_seconds IS NOT NULL AND EXISTS (
        SELECT FROM treasury.holds h WHERE h.wallet_id = w.wallet_id AND h.merchant = i.merchant
          AND h.kind = 'Spend' AND h.placed_at > p_now - make_interval(secs => i.velocity_seconds)
        HAVING m.number + count(*) FILTER (WHERE h.state = 'Pending' OR h.posted_micros > 0)
            > i.velocity_transactions
          OR m.amount + coalesce(sum(CASE h.state WHEN 'Pending' THEN h.amount_micros
            ELSE h.posted_micros END), 0) > i.velocity_micros)
    ) AND NOT EXISTS (
      SELECT FROM wanted w JOIN treasury.intents i ON i.intent_id = w.budget
      JOIN per_wallet p ON p.wallet_id = w.wallet_id
      LEFT JOIN treasury.days d ON d.wallet_id = w.wallet_id
        AND d.day_start = date_trunc('day', p_now, i.day_zone)
      WHERE p.amount + coalesce(d.used_micros, 0) > i.day_micros
    )
  );
END $$;

CREATE FUNCTION treasury.hold_all(p_operations treasury.operation[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO treasury.holds (hold_id, budget_id, wallet_id, placed_at, expires_at, day_start,
    amount_micros, kind, merchant, category, task)
    SELECT o.id, o.budget, b.wallet_id, p_now,
      least(b.expires_at, p_now + make_interval(secs => o.ttl_seconds)),
      date_trunc('day', p_now, i.day_zone), o.amount,
      CASE o.kind WHEN 'Spend' THEN 'Spend' ELSE 'Usage' END, o.merchant, o.category, o.task
    FROM unnest(p_operations) o JOIN treasury.budgets b ON b.budget_id = o.budget
    LEFT JOIN treasury.intents i ON i.intent_id = o.budget;
  UPDATE treasury.budgets n SET held_micros = held_micros + t.amount
    FROM (
      SELECT unnest(b.counts_on) AS budget_id, sum(o.amount)::bigint AS amount
      FROM unnest(p_operations) o JOIN treasury.budgets b ON b.budget_id = o.budget GROUP BY 1
    ) t WHERE n.budget_id = t.budget_id;
  INSERT INTO treasury.days (wallet_id, day_start, used_micros)
    SELECT h.wallet_id, h.day_start, sum(h.amount_micros)
    FROM unnest(p_operations) o JOIN treasury.holds h ON h.hold_id = o.id
    WHERE h.day_start IS NOT NULL GROUP BY 1, 2
    ON CONFLICT (wallet_id, day_start)
    DO UPDATE SET used_micros = days.used_micros + excluded.used_micros;
END $$;

CREATE FUNCTION treasury.place(p_operations treasury.operation[], p_now timestamptz)
RETURNS SETOF treasury.outcome
LANGUAGE plpgsql AS $$
DECLARE
  v_objections text[] := treasury.objections(p_operations, p_now);
  v_sound treasury.operation[] := '{}';
  v_each treasury.operation;
  v_at int := 0;
BEGIN
  FOREACH v_each IN ARRAY p_operations LOOP
    v_at := v_at + 1;
    IF v_objections[v_at] IS NULL THEN
      v_sound := v_sound || v_each;
    ELSE
      RETURN NEXT (v_each.id, v_objections[v_at], treasury.budget_facts(v_each.budget), NULL, NULL,
        NULL)::treasury.outcome;
    END IF;
  END LOOP;
  IF cardinality(v_sound) = 0 THEN
    RETURN;
  END IF;
  IF cardinality(v_sound) > 1 AND NOT treasury.fit_together(v_sound, p_now) THEN
    -- In the order in which they came, each against what those before have left.
    FOREACH v_each IN ARRAY v_sound LOOP
      RETURN QUERY SELECT * FROM treasury.place(ARRAY[v_each], p_now);
    END LOOP;
    RETURN;
  END IF;
  PERFORM treasury.hold_all(v_sound, p_now);
  FOREACH v_each IN ARRAY v_sound LOOP
    IF v_each.final THEN
      PERFORM treasury.post(v_each.id, v_each.id, v_each.amount, p_now);
      PERFORM treasury.resolve(v_each.id, 'Posted', p_now);
    END IF;
  END LOOP;
  RETURN QUERY SELECT o.id, 'WITHIN_POLICY', jsonb_build_object('budget', to_jsonb(b), 'wallet',
      to_jsonb(w), 'intent', to_jsonb(i), 'hold', to_jsonb(h)), NULL::int, NULL::bytea, NULL::bytea
    FROM unnest(v_sound) o JOIN treasury.holds h ON h.hold_id = o.id
    JOIN treasury.budgets b ON b.budget_id = h.budget_id
    JOIN treasury.wallets w ON w.wallet_id = h.wallet_id
    LEFT JOIN treasury.intents i ON i.intent_id = h.budget_id;
END $$;

-- Captures, voids, settlements and refunds: what becomes of a hold that is there.
CREATE FUNCTION treasury.follow(p_operation treasury.operation, p_now timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_hold treasury.holds;
  v_intent treasury.intents;
  v_code text;
  v_posted bigint;
BEGIN
  SELECT * INTO v_hold FROM treasury.holds WHERE hold_id = p_operation.hold;
  IF NOT FOUND OR (v_hold.kind = 'Usage') <> (p_operation.kind = 'Settle') THEN
    RETURN 'UNKNOWN_HOLD';
  END IF;
  SELECT * INTO v_intent FROM treasury.intents WHERE intent_id = v_hold.budget_id;
  v_code := coalesce(CASE WHEN v_hold.kind = 'Spend' THEN treasury.caller_objection(
    v_intent, p_operation.chain, p_operation.role, p_operation.task) END, p_operation.objection);
  IF v_code IS NOT NULL THEN
    RETURN CASE v_code WHEN 'UNKNOWN_INTENT' THEN 'UNKNOWN_HOLD' ELSE v_code END;
  END IF;
  IF p_operation.kind = 'Refund' THEN
    IF v_hold.refunded_micros + p_operation.amount > v_hold.posted_micros THEN
      RETURN 'REFUND_EXCEEDS_CAPTURE';
    END IF;
    UPDATE treasury.holds SET refunded_micros = refunded_micros + p_operation.amount
      WHERE hold_id = v_hold.hold_id;
    UPDATE treasury.budgets SET limit_micros = limit_micros + p_operation.amount
      WHERE budget_id = v_hold.wallet_id;
    INSERT INTO treasury.transfers (operation_id, wallet_id, hold_id, posted_at, amount_minor,
      debit_code, credit_code)
      SELECT p_operation.id, wallet_id, v_hold.hold_id, p_now, p_operation.amount / minor_micros,
        1020, 6010 FROM treasury.wallets WHERE wallet_id = v_hold.wallet_id;
    RETURN 'WITHIN_POLICY';
  END IF;
  IF v_hold.state <> 'Pending' THEN
    RETURN 'HOLD_' || upper(v_hold.state);
  END IF;
  IF p_operation.kind = 'Void' THEN
    PERFORM treasury.resolve(v_hold.hold_id, 'Voided', p_now);
    RETURN 'WITHIN_POLICY';
  END IF;
  v_posted := p_operation.amount;
  IF v_posted > v_hold.amount_micros - v_hold.posted_micros THEN
    IF p_operation.kind = 'Capture' THEN
      RETURN 'CAPTURE_EXCEEDS_HOLD';
    END IF;
    -- Usage is a fact that nobody can refuse any more; no more of it is paid than was held.
    v_posted := v_hold.amount_micros;
  END IF;
  PERFORM treasury.post(p_operation.id, v_hold.hold_id, v_posted, p_now);
  IF p_operation.kind = 'Settle' OR p_operation.final
    OR v_hold.posted_micros + v_posted = v_hold.amount_micros
  THEN
    PERFORM treasury.resolve(v_hold.hold_id,
      CASE WHEN v_hold.posted_micros + v_posted > 0 THEN 'Posted' ELSE 'Voided' END, p_now);
  END IF;
  RETURN 'WITHIN_POLICY';
END $$;

-- Opens a budget, or gives one that is open another limit.
CREATE FUNCTION treasury.set_budget(p_operation treasury.operation, p_now timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_parent treasury.budgets;
  v_known treasury.budgets;
  v_reserves boolean := p_operation.budget_kind <> 'Task';
  v_more bigint;
  v_short text;
BEGIN
  SELECT * INTO v_parent FROM treasury.budgets WHERE budget_id = p_operation.parent;
  SELECT * INTO v_known FROM treasury.budgets WHERE budget_id = p_operation.budget;
  IF v_parent.budget_id IS NULL THEN
    RETURN CASE p_operation.parent WHEN p_operation.wallet THEN 'INSUFFICIENT_FUNDS'
      ELSE 'UNKNOWN_BUDGET' END;
  END IF;
  IF v_parent.state <> 'Open' OR v_known.state <> 'Open' THEN
    RETURN 'BUDGET_CLOSED';
  END IF;
  IF v_parent.wallet_id <> p_operation.wallet
    OR v_parent.purpose NOT IN ('All', p_operation.purpose)
    OR v_known.parent_id <> p_operation.parent OR v_known.kind <> p_operation.budget_kind
  THEN
    RETURN 'UNKNOWN_BUDGET';
  END IF;
  IF p_operation.expires_at <= p_now THEN
    RETURN 'INTENT_EXPIRED';
  END IF;
  v_more := CASE WHEN v_reserves
    THEN greatest(p_operation.amount - coalesce(v_known.reserved_micros, 0), 0) ELSE 0 END;
  SELECT n.kind INTO v_short FROM treasury.budgets n
    WHERE v_more > 0 AND n.budget_id = ANY (v_parent.counts_on)
      AND (n.state <> 'Open' OR treasury.free(n) < v_more)
    ORDER BY array_position(v_parent.counts_on, n.budget_id) LIMIT 1;
  IF v_short IS NOT NULL THEN
    RETURN CASE v_short WHEN 'Wallet' THEN 'INSUFFICIENT_FUNDS' ELSE 'BUDGET_EXCEEDED' END;
  END IF;
  UPDATE treasury.budgets SET held_micros = held_micros + v_more
    WHERE budget_id = ANY (v_parent.counts_on);
  IF v_known.budget_id IS NOT NULL THEN
    UPDATE treasury.budgets
      SET limit_micros = p_operation.amount, reserved_micros = reserved_micros + v_more
      WHERE budget_id = p_operation.budget;
  ELSE
    INSERT INTO treasury.budgets (budget_id, wallet_id, parent_id, chain_id, opened_at, expires_at,
      limit_micros, reserved_micros, reserves, kind, purpose, name, ancestors, counts_on)
      VALUES (p_operation.budget, p_operation.wallet, p_operation.parent, p_operation.chain, p_now,
        p_operation.expires_at, p_operation.amount, v_more, v_reserves, p_operation.budget_kind,
        p_operation.purpose, p_operation.name, v_parent.ancestors || v_parent.budget_id,
        ARRAY[p_operation.budget] || CASE WHEN v_reserves THEN '{}' ELSE v_parent.counts_on END);
  END IF;
  RETURN 'WITHIN_POLICY';
END $$;

-- Approving an intent opens its budget, once: what was approved is not changed afterwards.
CREATE FUNCTION treasury.approve(p_operation treasury.operation, p_now timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_code text;
BEGIN
  IF EXISTS (SELECT FROM treasury.budgets WHERE budget_id = p_operation.budget) THEN
    RETURN 'ALREADY_DECIDED';
  END IF;
  v_code := treasury.set_budget(p_operation, p_now);
  IF v_code = 'WITHIN_POLICY' THEN
    INSERT INTO treasury.intents
      SELECT i.* FROM jsonb_populate_record(NULL::treasury.intents, p_operation.terms
        || jsonb_build_object('intent_id', p_operation.budget,
          'input_hash', '\x' || p_operation.input_hash)) i;
  END IF;
  RETURN v_code;
END $$;

CREATE FUNCTION treasury.fund(p_operation treasury.operation, p_now timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE treasury.budgets SET limit_micros = limit_micros + p_operation.amount
    WHERE budget_id = p_operation.wallet;
  INSERT INTO treasury.transfers (operation_id, wallet_id, posted_at, amount_minor, debit_code,
    credit_code)
    SELECT p_operation.id, wallet_id, p_now, p_operation.amount / minor_micros, 1020, 3010
    FROM treasury.wallets WHERE wallet_id = p_operation.wallet;
  RETURN 'WITHIN_POLICY';
END $$;

CREATE FUNCTION treasury.end_asked(p_operation treasury.operation, p_now timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_state text;
BEGIN
  SELECT state INTO v_state FROM treasury.budgets WHERE budget_id = p_operation.budget;
  IF v_state IS NULL THEN
    RETURN 'UNKNOWN_BUDGET';
  ELSIF v_state <> 'Open' THEN
    RETURN 'BUDGET_CLOSED';
  END IF;
  PERFORM treasury.end_budget(p_operation.budget, p_operation.state, p_now);
  RETURN 'WITHIN_POLICY';
END $$;

CREATE FUNCTION treasury.decide(p_operations jsonb) RETURNS SETOF treasury.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
-- Plans are made while tables are small and kept: without these they scan tables that have grown.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_operations treasury.operation[];
  v_new treasury.operation[];
  v_each treasury.operation;
  v_now timestamptz := clock_timestamp();
  v_locked uuid[];
  v_code text;
BEGIN
  SELECT array_agg(o) INTO v_operations
    FROM jsonb_populate_recordset(NULL::treasury.operation, p_operations) o;
  IF cardinality(v_operations) NOT BETWEEN 1 AND 500
    OR EXISTS (SELECT FROM unnest(v_operations) o WHERE o.id IS NULL OR o.kind IS NULL
      OR o.amount NOT BETWEEN 0 AND 1000000000000000)
    OR (SELECT count(DISTINCT o.id) FROM unnest(v_operations) o) <> cardinality(v_operations)
  THEN
    RAISE EXCEPTION 'a decision takes 1 to 500 operations with ids of their own'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM treasury.open_wallets(v_operations);
  v_locked := treasury.lock_budgets(v_operations, v_now);
  -- What the last holders of the locks wrote is seen from here on, and what they took is over.
  RETURN QUERY SELECT k.operation_id, 'KNOWN', NULL::jsonb, k.status, k.input_hash, k.answer
    FROM treasury.operations k
    WHERE k.operation_id = ANY (ARRAY(SELECT o.id FROM unnest(v_operations) o));
  SELECT array_agg(o) INTO v_new FROM unnest(v_operations) o
    WHERE NOT EXISTS (SELECT FROM treasury.operations k WHERE k.operation_id = o.id);
  v_now := clock_timestamp();
  RETURN QUERY SELECT * FROM treasury.expire(v_locked, v_now);
  IF v_new IS NULL THEN
    RETURN;
  END IF;
  FOREACH v_each IN ARRAY v_new LOOP
    CONTINUE WHEN v_each.kind IN ('Spend', 'UsageHold', 'Sweep');
    v_code := CASE v_each.kind
      WHEN 'Fund' THEN treasury.fund(v_each, v_now)
      WHEN 'SetBudget' THEN treasury.set_budget(v_each, v_now)
      WHEN 'EndBudget' THEN treasury.end_asked(v_each, v_now)
      WHEN 'Approve' THEN treasury.approve(v_each, v_now)
      ELSE treasury.follow(v_each, v_now) END;
    RETURN NEXT (v_each.id, v_code, coalesce(treasury.hold_facts(v_each.hold),
      treasury.budget_facts(coalesce(v_each.budget, v_each.wallet))), NULL, NULL, NULL)
      ::treasury.outcome;
  END LOOP;
  SELECT array_agg(o) INTO v_new FROM unnest(v_new) o WHERE o.kind IN ('Spend', 'UsageHold');
  IF v_new IS NOT NULL THEN
    RETURN QUERY SELECT * FROM treasury.place(v_new, v_now);
  END IF;
END $$;
COMMENT ON FUNCTION treasury.decide IS
  'Decides operations and carries out those that nothing speaks against; known ones are answered as '
  'before. The transaction commits only where treasury.conclude records each of them.';

CREATE FUNCTION treasury.conclude(
  p_operation_ids uuid[], p_input_hashes bytea[], p_statuses int[], p_answers bytea[],
  p_event_ids uuid[], p_workflow_ids uuid[], p_canonicals bytea[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO treasury.operations (operation_id, input_hash, status, answer)
    SELECT * FROM unnest(p_operation_ids, p_input_hashes, p_statuses, p_answers);
  IF cardinality(p_event_ids) > 0 THEN
    PERFORM record.venture_append_events(p_event_ids, p_workflow_ids, p_canonicals);
  END IF;
END $$;
COMMENT ON FUNCTION treasury.conclude IS
  'Keeps the answers, and appends the events, of what was decided in this transaction.';

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA treasury FROM PUBLIC;
GRANT USAGE ON SCHEMA treasury TO venture_treasury;
GRANT EXECUTE ON FUNCTION treasury.decide, treasury.conclude TO venture_treasury;
GRANT SELECT ON ALL TABLES IN SCHEMA treasury TO venture_treasury;
-- By which bundle an intent was approved, it looks up for itself.
GRANT USAGE ON SCHEMA record TO venture_treasury;
GRANT EXECUTE ON FUNCTION record.policy_bundle TO venture_treasury;
