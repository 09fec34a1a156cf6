-- What the agents of a role may use of language models in a day (UTC), all workflows of a namespace
-- together. The limit comes with each hold that is asked for, as the caller's bundle has it.

ALTER TABLE treasury.holds ADD COLUMN role text CHECK (kind = 'Usage' OR role IS NULL);
COMMENT ON COLUMN treasury.holds.role IS 'Whose agent calls, where its role has a limit for the day.';
CREATE INDEX holds_by_role ON treasury.holds (wallet_id, role, placed_at) WHERE role IS NOT NULL;
ALTER TYPE treasury.operation ADD ATTRIBUTE role_day_micros bigint;

CREATE FUNCTION treasury.role_day_used(p_wallet uuid, p_role text, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT coalesce(sum(CASE h.state WHEN 'Pending' THEN h.amount_micros ELSE h.posted_micros END), 0)
    FROM treasury.holds h WHERE h.wallet_id = p_wallet AND h.role = p_role
      AND h.placed_at >= date_trunc('day', p_now, 'UTC')
  );
END $$;
COMMENT ON FUNCTION treasury.role_day_used IS
  'Micro-units that a role has used today or holds. All who count it have locked the wallet.';

ALTER FUNCTION treasury.objections RENAME TO budget_objections;
CREATE FUNCTION treasury.objections(p_operations treasury.operation[], p_now timestamptz)
RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_found text[] := treasury.budget_objections(p_operations, p_now);
BEGIN
  IF NOT EXISTS (SELECT FROM unnest(p_operations) o WHERE o.role_day_micros IS NOT NULL) THEN
    RETURN v_found;
  END IF;
  RETURN (
    SELECT array_agg(coalesce(v_found[o.ordinality], CASE
      WHEN o.amount + treasury.role_day_used(b.wallet_id, o.role, p_now) > o.role_day_micros
      THEN 'ROLE_DAY_EXCEEDED' END) ORDER BY o.ordinality)
    FROM unnest(p_operations) WITH ORDINALITY o
    LEFT JOIN treasury.budgets b ON b.budget_id = o.budget
  );
END $$;

ALTER FUNCTION treasury.fit_together RENAME TO budgets_fit_together;
CREATE FUNCTION treasury.fit_together(p_operations treasury.operation[], p_now timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN treasury.budgets_fit_together(p_operations, p_now) AND NOT EXISTS (
    SELECT FROM unnest(p_operations) o JOIN treasury.budgets b ON b.budget_id = o.budget
    WHERE o.role_day_micros IS NOT NULL GROUP BY b.wallet_id, o.role
    HAVING sum(o.amount) + treasury.role_day_used(b.wallet_id, o.role, p_now)
      > min(o.role_day_micros)
  );
END $$;

ALTER FUNCTION treasury.hold_all RENAME TO budgets_hold_all;
CREATE FUNCTION treasury.hold_all(p_operations treasury.operation[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM treasury.budgets_hold_all(p_operations, p_now);
  UPDATE treasury.holds h SET role = o.role FROM unnest(p_operations) o
    WHERE h.hold_id = o.id AND o.role_day_micros IS NOT NULL;
END $$;

REVOKE EXECUTE ON FUNCTION treasury.role_day_used, treasury.objections, treasury.fit_together,
  treasury.hold_all FROM PUBLIC;
