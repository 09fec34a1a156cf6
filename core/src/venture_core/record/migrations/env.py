"""Alembic's entry: run the revisions on the connection that `migrate` holds the lock with."""

from alembic import context

SCHEMA = "record"


def _run() -> None:
    if context.is_offline_mode():
        raise NotImplementedError("revisions look at the database they change")
    context.configure(
        connection=context.config.attributes["connection"],
        version_table="schema_version",
        version_table_schema=SCHEMA,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
