"""Holds the worst-case cost before each LLM call and posts the metered cost after it."""
