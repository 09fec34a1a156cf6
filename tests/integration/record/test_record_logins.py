"""The logins: one for migrations, as the installation guide makes it, and one for each program."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from pydantic import SecretStr
from recordservers import PostgresServer
from venture_core.events.envelope import Service
from venture_core.record.database import SERVICE_ROLES, STAND_INS, Role, connect, service_role
from venture_core.record.logins import Login, LoginError, provide_logins, read_urls, scram
from venture_core.record.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "install.md"
PLAYED = (*set(Role) - {Role.AUDITOR, Role.PRIVACY, Role.RECOVERY},)


@pytest.fixture
async def server() -> AsyncIterator[PostgresServer]:
    """Run a server with nothing in it: roles belong to a whole server."""
    with tempfile.TemporaryDirectory(prefix="venture-postgres-") as folder:
        started = PostgresServer(Path(folder))
        await started.start()
        yield started
        started.stop()


async def prepare(server: PostgresServer) -> None:
    """Do what the guide says, as the superuser."""
    (script,) = re.findall(r"```sql\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    connection = await asyncpg.connect(server.url("postgres").get_secret_value())
    try:
        for statement in script.split(";\n"):
            if statement.strip():
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def logins(render_chart: Callable[..., list[dict[str, Any]]]) -> dict[str, Login]:
    """The logins that the chart has the migration make, with a retention."""
    manifests = render_chart("ci/dev.yaml", sets=("record.retention.months=1",))
    (job,) = [
        one
        for one in manifests
        if (one["kind"], one["metadata"]["name"]) == ("Job", "venture-migrate")
    ]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (text,) = [one["value"] for one in container["env"] if one["name"] == "VENTURE_LOGINS"]
    return {
        name: Login.model_validate_json(json.dumps(each)) for name, each in json.loads(text).items()
    }


def urls_of(server: PostgresServer, logins: dict[str, Login]) -> dict[str, SecretStr]:
    return {
        program: SecretStr(
            f"postgresql://team_{program}:secret-{program}@127.0.0.1:{server.port}/venture"
        )
        for program in logins
    }


async def test_every_program_has_a_login_that_plays_its_part_and_no_other(
    server: PostgresServer, logins: dict[str, Login]
) -> None:
    await prepare(server)
    owner = server.url("venture", "venture_migration")
    revision = await migrate(owner)
    urls = urls_of(server, logins)
    # As releases before gave it.
    connection = await asyncpg.connect(owner.get_secret_value())
    for service, role in STAND_INS.items():
        await connection.execute(f"GRANT {service_role(service)} TO {role}")
    await connection.close()
    # As an upgrade repeats it.
    for _ in range(2):
        await provide_logins(owner, logins, urls)
        assert await migrate(owner) == revision
    own = {
        "operator": {Role.PRODUCER.value, service_role(Service.ORCHESTRATOR)},
        "sequencer": {Role.SEQUENCER.value},
        "relay": {Role.RELAY.value},
        "projector": {Role.PROJECTOR.value},
        "archiver": {Role.ARCHIVER.value},
        "confirmer": {Role.CONFIRMER.value},
        "auditor": {Role.AUDITOR.value},
        "control-plane-api": {Role.CONTENT.value},
        "policy-engine": {Role.PRODUCER.value, service_role(Service.POLICY_ENGINE)},
        "egress-proxy": {Role.PRODUCER.value, service_role(Service.EGRESS_PROXY)},
        "llm-gateway": {Role.PRODUCER.value, service_role(Service.LLM_GATEWAY)},
        "tool-gateway": {Role.PRODUCER.value, service_role(Service.TOOL_GATEWAY)},
        # Their functions append for a service, and they have its role not even there.
        "treasury-api": {Role.TREASURY.value},
        "recovery": {Role.RECOVERY.value},
    }
    assert own.keys() == logins.keys()
    for program, url in urls.items():
        connection = await asyncpg.connect(url.get_secret_value())
        try:
            for role in ("venture_owner", "venture_migration", *Role, *SERVICE_ROLES):
                if str(role) in own[program]:
                    await connection.execute(f"SET ROLE {role}")
                    await connection.execute("RESET ROLE")
                else:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(f"SET ROLE {role}")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("DELETE FROM record.events")
        finally:
            await connection.close()


async def test_a_login_of_ours_follows_its_list_and_its_password(server: PostgresServer) -> None:
    await prepare(server)
    owner = server.url("venture", "venture_migration")
    await migrate(owner)
    logins = {"relay": Login(roles=("venture_relay", "venture_auditor"), own=True)}
    urls = urls_of(server, logins)
    await provide_logins(owner, logins, urls)
    await provide_logins(owner, {"relay": Login(roles=("venture_relay",), own=True)}, urls)
    connection = await asyncpg.connect(server.url("venture").get_secret_value())
    try:
        kept = await connection.fetchval(
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'team_relay'"
        )
        salt = base64.b64decode(kept.split(":")[1].split("$")[0])
        assert kept == scram("secret-relay", salt)
        member = "SELECT pg_has_role('team_relay', 'venture_auditor', 'MEMBER')"
        assert not await connection.fetchval(member)
    finally:
        await connection.close()


async def test_a_login_that_somebody_else_makes_is_only_given_its_role(
    server: PostgresServer,
) -> None:
    await prepare(server)
    owner = server.url("venture", "venture_migration")
    await migrate(owner)
    logins = {"relay": Login(roles=("venture_relay",), own=False)}
    urls = urls_of(server, logins)
    with pytest.raises(LoginError, match="the login team_relay of relay does not exist"):
        await provide_logins(owner, logins, urls)
    superuser = await asyncpg.connect(server.url("venture").get_secret_value())
    try:
        await superuser.execute("CREATE ROLE team_relay LOGIN")
        await provide_logins(owner, logins, urls)
        has = "SELECT pg_has_role('team_relay', 'venture_relay', 'MEMBER'), rolpassword IS NULL"
        assert tuple(
            await superuser.fetchrow(f"{has} FROM pg_authid WHERE rolname = 'team_relay'")
        ) == (True, True)
    finally:
        await superuser.close()


def test_missing_logins_are_named_together(tmp_path: Path) -> None:
    (tmp_path / "relay.postgres-url").write_text("postgresql://r@h/d\n")
    each = Login(roles=("venture_relay",), own=False)
    with pytest.raises(LoginError, match="no login of archiver, operator:"):
        read_urls(tmp_path, {"archiver": each, "operator": each, "relay": each})


async def test_one_login_that_owns_the_database_can_do_everything(server: PostgresServer) -> None:
    connection = await asyncpg.connect(server.url("postgres").get_secret_value())
    await connection.execute("CREATE ROLE venture LOGIN CREATEROLE")
    await connection.execute("CREATE DATABASE venture OWNER venture")
    await connection.close()
    url = server.url("venture", "venture")
    await migrate(url)
    for role in PLAYED:
        connection = await connect(url, role, name="tests")
        await connection.close()


async def test_every_service_has_a_role_that_may_append(server: PostgresServer) -> None:
    """A login needs its service's role and no other; one that migrates may take each on."""
    admin = await asyncpg.connect(server.url("postgres").get_secret_value())
    await admin.execute("CREATE ROLE migration LOGIN CREATEROLE")
    await admin.execute("CREATE DATABASE venture OWNER migration")
    await migrate(server.url("venture", "migration"))
    await migrate(server.url("venture", "migration"))
    for number, role in enumerate(SERVICE_ROLES):
        await admin.execute(f"CREATE ROLE login_{number} LOGIN; GRANT {role} TO login_{number}")
        connection = await connect(
            server.url("venture", f"login_{number}"), Role.PRODUCER, name="tests"
        )
        for other in (*SERVICE_ROLES, *Role):
            is_its = other in {role, Role.PRODUCER}
            member = "SELECT pg_has_role(session_user, $1, 'MEMBER')"
            assert await connection.fetchval(member, other) == is_its
        await connection.close()
    await admin.close()
