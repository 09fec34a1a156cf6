"""How a revision runs its SQL: whole files, in the transaction that alembic has opened."""

import re
from importlib.resources import files
from typing import TYPE_CHECKING, cast

from alembic import context, op

if TYPE_CHECKING:
    from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_connection

_SQL = files("venture_core.record.migrations") / "sql"
_FUNCTION = r"^CREATE (?:OR REPLACE )?(FUNCTION record\.{name}\(.*?^END \$\$;)"


class DataLossError(Exception):
    """A downgrade would destroy what cannot be made again, and nobody said that it may."""


def run_script(name: str) -> None:
    """Execute `sql/<name>.sql` as the owner of the record, all of it or nothing."""
    _execute(_read(name))


def define_again(name: str, *functions: str) -> None:
    """Define functions of the schema `record` as the published `sql/<name>.sql` has them."""
    script = _read(name)
    for function in functions:
        found = re.search(_FUNCTION.format(name=function), script, re.DOTALL | re.MULTILINE)
        if found is None:
            raise LookupError(f"sql/{name}.sql defines no function record.{function}")
        _execute(f"CREATE OR REPLACE {found[1]}")


def _read(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text()


def _execute(script: str) -> None:
    bind = op.get_bind()
    bind.exec_driver_sql("SET LOCAL ROLE venture_owner")
    # The driver's own connection takes many statements at once; SQLAlchemy's takes one at a time.
    connection = cast("AsyncAdapt_dbapi_connection", bind.connection.dbapi_connection)
    connection.run_async(lambda driver: driver.execute(script))
    bind.exec_driver_sql("RESET ROLE")


def refuse_to_lose(table: str) -> None:
    """Raise DataLossError where `table` has rows and the command did not allow losing them."""
    if context.get_x_argument(as_dictionary=True).get("allow_data_loss") == "yes":
        return
    if op.get_bind().exec_driver_sql(f"SELECT 1 FROM {table} LIMIT 1").first():  # noqa: S608
        raise DataLossError(f"this downgrade destroys {table}, which is not empty")
