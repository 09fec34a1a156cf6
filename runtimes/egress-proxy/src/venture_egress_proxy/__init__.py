"""The egress proxy: the only way of agents to the web, by role and domain."""
