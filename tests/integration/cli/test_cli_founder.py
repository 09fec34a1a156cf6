"""The command line of somebody who is signed in: the same commands, by founders' API."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from contentapi import HOST, SYSTEM
from founderapi import make_account
from venture_cli.domain.choices import Connection
from venture_cli.domain.signedin import SignedIn
from venture_cli.domain.workflow import WORKFLOW
from venture_cli.domain.workflowfiles import read_workflow
from venture_cli.errors import CliError, ExitCode
from venture_cli.services import credentials, workflows
from venture_cli.services.approvals import waiting
from venture_cli.services.freezes import lift_freeze, set_freeze
from venture_cli.services.objects import (
    change_spec,
    delete_object,
    get_object,
    list_objects,
    tabulate,
)
from venture_cli.services.session import Session
from venture_cli.services.signin import sign_in, sign_out
from venture_core.kubernetes.errors import ForbiddenError
from venture_core.kubernetes.resources import CONFIG_MAPS, WORKFLOWS

if TYPE_CHECKING:
    from pathlib import Path

    from contentapi import ContentApi

type Body = dict[str, Any]

FILE = yaml.safe_dump(
    {
        "apiVersion": WORKFLOWS.api_version,
        "kind": WORKFLOWS.kind,
        "metadata": {"name": "launch"},
        "spec": {
            "objective": "Try the command line",
            "tasks": [{"name": "ask", "approval": {"message": "Go on?"}}],
        },
    }
).encode()


@pytest.fixture
async def account(
    content_api: ContentApi,
    definitions: Path,
    namespace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """An account that is signed in; there is no kubeconfig."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    name = f"alice-{secrets.token_hex(3)}"
    password = await make_account(definitions, name, "Founder", namespace)
    wanted = SignedIn(
        account=name,
        token="",
        expires_at=datetime.now(UTC),
        namespace=namespace,
        server=content_api.founders,
        service="",
        server_name=HOST,
        authority=content_api.authority.read_text(),
    )
    async with session() as opened:
        await sign_in(opened, wanted, password)
    return name


def session() -> Session:
    connection = Connection(kubeconfig=None, context=None, namespace=None, system_namespace=SYSTEM)
    return Session(connection)


async def test_a_workflow_lives_by_the_api_as_by_a_kubeconfig(account: str) -> None:
    body, workflow, others = read_workflow(FILE, "FILE", None)
    assert others == 0
    async with session() as opened:
        client, namespace = await opened.place()
        _, unknown = await workflows.plan(opened, workflow)
        assert "there is no PolicyBundle default" in unknown

        await workflows.submit(opened, body)
        with pytest.raises(CliError, match="there is a workflow launch"):
            await workflows.submit(opened, body)

        assert len((await tabulate(client, WORKFLOW, namespace, None)).rows) == 1
        (listed,) = await list_objects(client, WORKFLOW, namespace, None)
        assert listed["metadata"]["name"] == "launch"
        assert await waiting(opened, everywhere=False) == []

        await change_spec(client, WORKFLOW, namespace, "launch", {"suspend": True})
        assert (await get_object(client, WORKFLOW, namespace, "launch"))["spec"]["suspend"]

        made = await set_freeze(
            opened, "a reason of twenty letters", everything=False, kill=False, name=None
        )
        await lift_freeze(opened, made, "a note of at least twenty letters")
        with pytest.raises(CliError, match="there is no Freeze"):
            await lift_freeze(opened, made, "a note of at least twenty letters")

        await delete_object(client, WORKFLOW, namespace, "launch")
        with pytest.raises(CliError) as gone:
            await get_object(client, WORKFLOW, namespace, "launch")
        assert gone.value.code == ExitCode.NOT_FOUND
    assert account


async def test_what_the_api_has_not_is_not_there(account: str) -> None:
    async with session() as opened:
        client, _ = await opened.place()
        with pytest.raises(ForbiddenError, match=f"venture:{account}"):
            await client.list(WORKFLOWS)
        assert await client.get(CONFIG_MAPS, "anything", "default") is None
        with pytest.raises(CliError, match="no cluster is configured"):
            await opened.cluster()


async def test_the_token_is_in_a_file_that_nobody_else_may_read(account: str) -> None:
    file = credentials.path()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o077 == 0
    file.chmod(0o644)
    with pytest.raises(CliError, match="others may read"):
        credentials.load()
    file.chmod(0o600)
    async with session() as opened:
        assert await sign_out(opened) == account
    assert not file.exists()
    async with session() as opened:
        with pytest.raises(CliError, match="no cluster is configured"):
            await opened.client()
