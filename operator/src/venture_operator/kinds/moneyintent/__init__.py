"""MoneyIntents: policy and people decide, the treasury holds, the status follows the ledger."""
