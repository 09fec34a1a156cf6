"""Money: what the treasury's service, its callers and the operator share."""
