DROP FUNCTION treasury.conclude, treasury.decide, treasury.end_asked, treasury.fund, treasury.approve,
  treasury.set_budget, treasury.follow, treasury.place, treasury.hold_all, treasury.fit_together,
  treasury.objections, treasury.expire, treasury.end_budget, treasury.post, treasury.resolve,
  treasury.release, treasury.lock_budgets, treasury.open_wallets, treasury.free,
  treasury.hold_facts, treasury.budget_facts, treasury.caller_objection;
DROP TYPE treasury.outcome;
DROP TYPE treasury.operation;
DROP VIEW treasury.entries;
DROP TABLE treasury.transfers, treasury.days, treasury.holds, treasury.intents, treasury.budgets,
  treasury.operations, treasury.accounts, treasury.wallets;
DROP FUNCTION treasury.enter, treasury.guard_account, treasury.guard_hold, treasury.guard_budget,
  treasury.require_event, treasury.require_operation;
REVOKE USAGE ON SCHEMA treasury FROM venture_treasury;
REVOKE EXECUTE ON FUNCTION record.policy_bundle FROM venture_treasury;
REVOKE USAGE ON SCHEMA record FROM venture_treasury;
