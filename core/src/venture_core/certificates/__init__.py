"""Certificates of what the platform serves: an authority of its own, what it signs, and when."""
