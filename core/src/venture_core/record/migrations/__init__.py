"""The schema of the record, as alembic revisions; `venture-migrate` applies them."""
