"""Admission webhooks, in a Deployment of their own."""
