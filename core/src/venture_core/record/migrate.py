"""`venture-migrate`: bring the schema of the record to a revision, once at a time.

Exit codes: 0 done, 1 refused (data would be lost, or another migration runs), 2 wrong settings.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from venture_core.events.types import REGISTRY
from venture_core.process.jobs import EXIT_DONE, EXIT_FAILED, run_job
from venture_core.record.database import (
    CONNECT_SECONDS,
    SERVICE_ROLES,
    STAND_INS,
    Role,
    service_role,
)
from venture_core.record.logins import Login, LoginError, provide_logins, read_urls
from venture_core.record.migrations.script import DataLossError
from venture_core.settings.dataplane import PostgresEndpoint
from venture_core.settings.programs import LogSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr
    from sqlalchemy import Connection

OWNER = "venture_owner"
SCHEMAS = ("record", "projection", "treasury")
NEWEST = "head"
NOTHING = "base"

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('record.migrations', 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('record.migrations', 0))"
# Roles belong to the whole server: another database of it may create them at this very moment.
_CREATE_ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
    CREATE ROLE {role} NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  RAISE NOTICE 'role {role} was created meanwhile';
END $$
"""
# A login that may create roles, but is no superuser, takes on those it created only when told to;
# before Postgres 16 every member might take a role on, and there was no word for it.
_TAKE_ON_ROLE = """
DO $$ BEGIN
  IF NOT pg_has_role(current_user, '{role}',
    CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)
  THEN
    EXECUTE format('GRANT {role} TO %I', current_user);
  END IF;
END $$
"""

_JOIN = """
DO $$ BEGIN
  IF NOT pg_has_role('{role}', '{group}', 'MEMBER') THEN
    GRANT {group} TO {role};
  END IF;
EXCEPTION WHEN unique_violation THEN
  RAISE NOTICE 'role {role} was made a member meanwhile';
END $$
"""

_PART = """
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_auth_members
    WHERE roleid = '{group}'::regrole AND member = '{role}'::regrole)
  THEN
    REVOKE {group} FROM {role};
  END IF;
END $$
"""

_ENTER_TYPE = """
INSERT INTO record.event_types (event_type, service) VALUES ($1, $2)
ON CONFLICT (event_type) DO UPDATE SET service = excluded.service
WHERE event_types.service <> excluded.service
"""

log = structlog.get_logger(__name__)


class MigrationInProgressError(Exception):
    """Another process migrates this database right now."""


class MigrateSettings(LogSettings, PostgresEndpoint):
    """The settings of a migration, from the environment.

    The login owns the database, or may create schemas in it, and may create roles.
    """

    logins: dict[str, Login] = Field(default_factory=dict)
    """By program: the logins to make, or to give their roles."""
    logins_folder: Path | None = None
    """Where their URLs are, a file each: <program>.postgres-url."""


async def migrate(
    url: SecretStr, revision: str = NEWEST, *, allow_data_loss: bool = False
) -> str | None:
    """Upgrade or downgrade the record to `revision`; return the revision it has then.

    Raises MigrationInProgressError, DataLossError, and the driver's errors. Every revision is one
    transaction: a migration that fails leaves the revisions before it in place, and nothing else.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(url.get_secret_value(), timeout=CONNECT_SECONDS),
        poolclass=NullPool,
    )
    try:
        async with engine.connect() as connection:
            if not await _scalar(connection, _LOCK):
                raise MigrationInProgressError("another migration of this database is running")
            try:
                await _prepare(connection)
                await connection.run_sync(_run, revision, allow_data_loss=allow_data_loss)
                await _enter_types(connection)
                await _part_stand_ins(connection)
                return await connection.run_sync(_current)
            finally:
                await connection.rollback()
                await _scalar(connection, _UNLOCK)
    finally:
        await engine.dispose()


async def _scalar(connection: AsyncConnection, statement: str) -> object:
    value = (await connection.exec_driver_sql(statement)).scalar()
    await connection.commit()
    return value


async def _prepare(connection: AsyncConnection) -> None:
    """Make what revisions take for granted: the roles, and the schemas with their owner."""
    for role in (OWNER, *Role, *SERVICE_ROLES):
        await connection.exec_driver_sql(_CREATE_ROLE.format(role=role))
        await connection.exec_driver_sql(_TAKE_ON_ROLE.format(role=role))
    for role in SERVICE_ROLES:
        await connection.exec_driver_sql(_JOIN.format(role=role, group=Role.PRODUCER.value))
    for schema in SCHEMAS:
        await connection.exec_driver_sql(
            f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {OWNER}"
        )
    await connection.commit()


async def _part_stand_ins(connection: AsyncConnection) -> None:
    """End the memberships that earlier releases gave to the roles that stand in for a service.

    Only now does the append know them without: programs of before go on to be heard.
    """
    for service, role in STAND_INS.items():
        await connection.exec_driver_sql(_PART.format(role=role, group=service_role(service)))
    await connection.commit()


async def _enter_types(connection: AsyncConnection) -> None:
    """Tell the database which service owns which event type; it forgets none of older versions."""
    if await _scalar(connection, "SELECT to_regclass('record.event_types')") is None:
        return
    await connection.exec_driver_sql(f"SET LOCAL ROLE {OWNER}")
    for each in REGISTRY:
        await connection.exec_driver_sql(_ENTER_TYPE, (each.name, each.owner.value))
    await connection.commit()


def _run(connection: Connection, revision: str, *, allow_data_loss: bool) -> None:
    options = argparse.Namespace(x=["allow_data_loss=yes"] if allow_data_loss else [])
    config = Config(cmd_opts=options)
    config.set_main_option("script_location", "venture_core.record:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if revision != NOTHING and (revision == NEWEST or _is_ahead(config, connection, revision)):
        command.upgrade(config, revision)
    else:
        command.downgrade(config, revision)


def _is_ahead(config: Config, connection: Connection, revision: str) -> bool:
    from alembic.script import ScriptDirectory

    current = _current(connection)
    behind = {
        each.revision
        for each in ScriptDirectory.from_config(config).iterate_revisions(
            current or NOTHING, NOTHING
        )
    }
    return revision not in behind


def _current(connection: Connection) -> str | None:
    context = MigrationContext.configure(
        connection, opts={"version_table": "schema_version", "version_table_schema": "record"}
    )
    revision = context.get_current_revision()
    # Alembic commits only what it began itself.
    connection.commit()
    return revision


def main(arguments: Sequence[str] | None = None) -> None:
    """Migrate the database that the environment describes, and exit."""
    parser = argparse.ArgumentParser(prog="venture-migrate", description=__doc__)
    parser.add_argument("--to", default=NEWEST, metavar="REVISION", help="default: the newest")
    parser.add_argument("--allow-data-loss", action="store_true", help="for downgrades that drop")
    given = parser.parse_args(arguments)

    async def work(settings: MigrateSettings) -> int:
        try:
            revision = await migrate(
                settings.postgres_url, given.to, allow_data_loss=given.allow_data_loss
            )
            if settings.logins and settings.logins_folder is not None:
                urls = read_urls(settings.logins_folder, settings.logins)
                await provide_logins(settings.postgres_url, settings.logins, urls)
        except (MigrationInProgressError, DataLossError, LoginError) as error:
            sys.stderr.write(f"venture-migrate: {error}\n")
            return EXIT_FAILED
        log.info("the record's schema is in place", revision=revision)
        return EXIT_DONE

    run_job("venture-migrate", MigrateSettings, work)


if __name__ == "__main__":
    main()
