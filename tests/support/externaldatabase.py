"""The database of a production release, as its superuser sees it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    type Kubectl = Callable[..., str]

EXTERNAL = "venture-external"
"""The namespace of the services that are not part of the release."""


def postgres(kubectl: Kubectl, command: str, *, stdin: str = "") -> str:
    """Run a program of Postgres as the database's superuser; return what it printed."""
    program, _, rest = command.partition(" ")
    shell = f"PGPASSWORD=$(cat /logins/password) {program} -h 127.0.0.1 -U app {rest}"
    return kubectl("-n", EXTERNAL, "exec", "-i", "postgres", "--", "sh", "-c", shell, stdin=stdin)


def recorded(kubectl: Kubectl, uid: str) -> int:
    """Count the events of a build, as the database's superuser sees them."""
    sql = "SELECT count(*) FROM record.events WHERE workflow_id = :'uid'"
    return int(query(kubectl, sql, f"--set=uid={uid}"))


def query(kubectl: Kubectl, sql: str, *options: str) -> str:
    """Run SQL as the database's superuser; return what it printed."""
    psql = f"psql -qAt --set=ON_ERROR_STOP=1 {' '.join(options)} venture"
    return postgres(kubectl, psql, stdin=sql).strip()
