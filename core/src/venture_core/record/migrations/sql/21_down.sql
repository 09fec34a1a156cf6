DROP FUNCTION treasury.objections;
ALTER FUNCTION treasury.budget_objections RENAME TO objections;
DROP FUNCTION treasury.fit_together;
ALTER FUNCTION treasury.budgets_fit_together RENAME TO fit_together;
DROP FUNCTION treasury.hold_all;
ALTER FUNCTION treasury.budgets_hold_all RENAME TO hold_all;
DROP FUNCTION treasury.role_day_used;
ALTER TYPE treasury.operation DROP ATTRIBUTE role_day_micros;
ALTER TABLE treasury.holds DROP COLUMN role;
