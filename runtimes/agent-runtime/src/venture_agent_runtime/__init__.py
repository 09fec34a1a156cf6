"""The agent's Job: a model that answers by way of tools, until its task is done."""
