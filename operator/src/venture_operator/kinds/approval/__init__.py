"""Approvals: recorded, and told to the objects that wait for them."""
