"""The policy engine: whether an agent may call a tool, answered from memory."""
