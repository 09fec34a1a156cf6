"""A tiny kind, known to the command line by one Noun and nothing else."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner, Result
from venture_cli.commands import nouns
from venture_cli.domain.noun import Control, Noun
from venture_cli.errors import CliError, ExitCode
from venture_core.kubernetes.resources import Resource
from waiting import patiently

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

GADGETS = Resource("tests.venture.parpour.dev", "v1", "gadgets", "Gadget")
CRDS = Resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)
COLUMNS = [
    {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
    {"name": "Colour", "type": "string", "jsonPath": ".spec.colour"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    {"name": "Why", "type": "string", "jsonPath": ".status.why", "priority": 1},
]
GADGET = Noun(
    name="gadget",
    resource=GADGETS,
    one="gadget",
    aliases=("gg",),
    phases=("Ready", "Failed"),
    controls=frozenset(Control),
    facts=lambda body: {"colour": body["spec"]["colour"]},
    mendable={"Ugly": "Paint it."},
)


def app() -> typer.Typer:
    group = typer.Typer()
    nouns.register(group, GADGET)
    whole = typer.Typer()
    whole.add_typer(group, name="gadget")
    return whole


@pytest.fixture
async def gadgets(client: KubernetesClient, namespace: str) -> str:
    """Install the kind; return the test's namespace."""
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": free, "status": free}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": COLUMNS,
        "schema": {"openAPIV3Schema": schema},
    }
    names = {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.tests.venture.parpour.dev"},
        "spec": {
            "group": GADGETS.group,
            "names": names,
            "scope": "Namespaced",
            "versions": [version],
        },
    }
    await client.apply(CRDS, crd, field_manager="tests")

    async def conditions() -> set[str]:
        body = await client.get(CRDS, "gadgets.tests.venture.parpour.dev")
        # The API server writes null before it writes the first condition.
        found = (body or {}).get("status", {}).get("conditions") or []
        return {each["type"] for each in found if each["status"] == "True"}

    await patiently(conditions, lambda found: "Established" in found)
    return namespace


async def create(client: KubernetesClient, namespace: str, name: str) -> Body:
    body = {"apiVersion": GADGETS.api_version, "kind": "Gadget", "metadata": {"name": name}}
    return await client.create(GADGETS, body | {"spec": {"colour": "red"}}, namespace)


async def report(
    client: KubernetesClient, body: Body, phase: str, reason: str, **conditions: str
) -> None:
    generation = body["metadata"]["generation"]
    status = {
        "phase": phase,
        "why": "because",
        "observedGeneration": generation,
        "conditions": [
            {"type": kind, "status": status, "reason": reason, "message": "it is so"}
            for kind, status in conditions.items()
        ],
    }
    metadata = body["metadata"]
    await client.patch(
        GADGETS, metadata["name"], {"status": status}, metadata["namespace"], subresource="status"
    )


async def venture(kubeconfig: Path, namespace: str, *arguments: str) -> Result:
    words = [*arguments, "--kubeconfig", str(kubeconfig), "-n", namespace]
    return await asyncio.to_thread(CliRunner().invoke, app(), ["gadget", *words])


async def test_a_kind_brings_only_what_is_special(
    gadgets: str, client: KubernetesClient, api_server: Path
) -> None:
    one = await create(client, gadgets, "one")
    await report(client, one, "Ready", "Made", Ready="True")
    await create(client, gadgets, "two")

    listed = await venture(api_server, gadgets, "list")
    assert [line.split()[:3] for line in listed.stdout.splitlines()] == [
        ["NAME", "PHASE", "COLOUR"],
        ["one", "Ready", "red"],
        ["two", "<none>", "red"],
    ]
    wide = await venture(api_server, gadgets, "list", "-A", "-o", "wide")
    assert wide.stdout.splitlines()[0].split() == [
        *("NAMESPACE", "NAME", "PHASE", "COLOUR", "AGE", "WHY")
    ]
    names = await venture(api_server, gadgets, "list", "-o", "name")
    assert names.stdout.splitlines() == [
        "gadget.tests.venture.parpour.dev/one",
        "gadget.tests.venture.parpour.dev/two",
    ]

    shown = await venture(api_server, gadgets, "get", "gg/one")
    assert shown.stdout.splitlines() == [
        f"{gadgets}/one  Ready (Made): it is so",
        "  colour  red",
    ]
    waited = await venture(api_server, gadgets, "wait", "one")
    assert (waited.exit_code, waited.stdout) == (0, "one is ready: it is so\n")

    for verb, spec in (
        (("suspend", "one"), {"suspend": True}),
        (("resume", "one"), {"suspend": False}),
        (("stop", "one", "--now"), {"shutdown": "Terminate"}),
    ):
        done = await venture(api_server, gadgets, *verb)
        assert done.exit_code == 0, done.output
        body = await client.get(GADGETS, "one", gadgets)
        assert body is not None
        assert body["spec"].items() >= spec.items()
    stopped = await venture(api_server, gadgets, "retry", "one", "--no-wait")
    assert stopped.exit_code == 0, stopped.output
    body = await client.get(GADGETS, "one", gadgets)
    assert body is not None
    assert "shutdown" not in body["spec"]
    deleted = await venture(api_server, gadgets, "delete", "one", "two")
    assert deleted.stdout == "one deleted\ntwo deleted\n"


async def test_what_stalled_is_retried_by_its_reason(
    gadgets: str, client: KubernetesClient, api_server: Path
) -> None:
    for name, reason in (("a", "Timeout"), ("b", "Timeout"), ("c", "Ugly")):
        body = await create(client, gadgets, name)
        await report(client, body, "Failed", reason, Ready="False", Stalled="True")
    body = await create(client, gadgets, "d")
    await report(client, body, "Ready", "Timeout", Ready="True")

    done = await venture(api_server, gadgets, "retry", "--all", "--reason", "timeout")
    assert sorted(done.stdout.splitlines()) == ["a retried", "b retried"], done.output
    bodies = await client.list(GADGETS, gadgets)
    assert [each["metadata"]["name"] for each in bodies if each["spec"].get("retry")] == ["a", "b"]
    again = await venture(api_server, gadgets, "retry", "--all", "--reason", "OutOfMemory")
    assert (again.exit_code, again.stdout) == (0, "")
    assert "no gadget stalled for OutOfMemory" in again.stderr
    neither = await venture(api_server, gadgets, "retry")
    assert neither.exit_code == ExitCode.USAGE


async def test_no_advice_is_given_that_cannot_help(
    gadgets: str, client: KubernetesClient, api_server: Path
) -> None:
    for name, reason, advice in (
        ("ugly", "Ugly", "Paint it."),
        ("late", "Timeout", f"gadget retry late -n {gadgets}"),
    ):
        body = await create(client, gadgets, name)
        await report(client, body, "Failed", reason, Ready="False", Stalled="True")
        ended = await venture(api_server, gadgets, "wait", name)
        assert isinstance(ended.exception, CliError)
        assert ended.exception.code is ExitCode.BUILD_FAILED
        assert ended.exception.next_step.endswith(advice)


async def test_one_unreadable_object_never_breaks_a_list(
    gadgets: str, client: KubernetesClient, api_server: Path
) -> None:
    """What a tenant may write: a nesting that Python's parser refuses, and control characters."""
    await create(client, gadgets, "good")
    deep = "[" * 9_000 + "]" * 9_000
    hostile = json.dumps("\x1b[2K\u202e\nforged   Ready   red")
    for name, spec in (("deep", f'{{"colour": {deep}}}'), ("hostile", f'{{"colour": {hostile}}}')):
        path = f"{api_server_path(gadgets)}"
        text = f'{{"apiVersion": "{GADGETS.api_version}", "kind": "Gadget", '
        text += f'"metadata": {{"name": "{name}"}}, "spec": {spec}}}'
        await send(client, path, text)
    for form in ("wide", "json", "yaml", "name"):
        listed = await venture(api_server, gadgets, "list", "-o", form)
        assert listed.exit_code == 0, (form, listed.exception)
        for name in ("good", "deep", "hostile"):
            assert name in listed.stdout
        assert "\x1b" not in listed.stdout
        assert "\u202e" not in listed.stdout
        assert not any(line.startswith("forged") for line in listed.stdout.splitlines())
    assert "warning: " in (await venture(api_server, gadgets, "list", "-o", "json")).stderr
    shown = await venture(api_server, gadgets, "get", "deep", "-o", "json")
    assert json.loads(shown.stdout)["metadata"]["name"] == "deep"


def api_server_path(namespace: str) -> str:
    return GADGETS.path(namespace)


async def send(client: KubernetesClient, path: str, text: str) -> None:
    """Send what `json.dumps` would refuse to write."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=10)
    headers = {"Content-Type": "application/json"}
    async with client.connection.send(
        "POST", path, data=text.encode(), headers=headers, timeout=timeout
    ) as response:
        assert response.status == 201, await response.text()
