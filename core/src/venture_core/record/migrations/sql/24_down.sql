CREATE OR REPLACE FUNCTION treasury.guard_budget() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (OLD.budget_id, OLD.wallet_id, OLD.parent_id, OLD.chain_id, OLD.kind, OLD.purpose,
      OLD.ancestors, OLD.counts_on, OLD.expires_at)
      IS DISTINCT FROM (NEW.budget_id, NEW.wallet_id, NEW.parent_id, NEW.chain_id, NEW.kind,
      NEW.purpose, NEW.ancestors, NEW.counts_on, NEW.expires_at)
    OR NEW.spent_micros < OLD.spent_micros
    OR OLD.state <> 'Open' AND NEW.state <> OLD.state
    OR NEW.kind = 'Wallet' AND NEW.limit_micros < OLD.limit_micros
  THEN
    RAISE EXCEPTION 'what was spent stays spent, and a budget ends once'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION treasury.set_budget(p_operation treasury.operation, p_now timestamptz)
RETURNS text
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
