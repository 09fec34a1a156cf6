"""The preflight's question about the API that the API server forwards to the release."""

from __future__ import annotations

import base64
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aggregated import SERVICE, SlowApi
from certificates import Authority
from chartaccounts import SYSTEM, account_kubeconfig, apply_rights
from contentapi import ACCOUNT, API_SERVICE
from venture_core.kubernetes.resources import Resource
from venture_core.preflight.apiservice import probe_api_service
from venture_core.preflight.probes import ProbeError
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contentapi import ContentApi
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

OURS = f"{SYSTEM}/{ACCOUNT}"
PROGRAM = "venture-preflight-api"
DEFINITIONS = Resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)


@pytest.fixture
async def account(
    client: KubernetesClient,
    content_api: ContentApi,
    api_server: Path,
    render_chart: Callable[..., list[Body]],
    tmp_path: Path,
) -> Path:
    """Return a kubeconfig with the rights that the chart gives the Job, and no others."""
    del content_api
    manifests = render_chart("ci/production.yaml")
    await apply_rights(client, manifests, [PROGRAM], lambda name: name.endswith("preflight-api"))
    return await account_kubeconfig(client, api_server, tmp_path / "account", PROGRAM)


def preflight(kubeconfig: Path, name: str, backend: str, seconds: int) -> tuple[int, str]:
    """Run the program; return its exit code and what it said."""
    environment = {
        "KUBECONFIG": str(kubeconfig),
        "VENTURE_PREFLIGHT_API": name,
        "VENTURE_PREFLIGHT_API_BACKEND": backend,
        "VENTURE_PREFLIGHT_DEADLINE_SECONDS": str(seconds),
    }
    command = [sys.executable, "-m", "venture_core.preflight.api"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    return done.returncode, done.stdout + done.stderr


async def test_the_program_says_who_serves_it_and_what_to_do(account: Path) -> None:
    code, said = preflight(account, API_SERVICE, OURS, 60)
    assert (code, said.count("\n")) == (0, 1), said
    assert said.startswith(f"the API at {API_SERVICE}: ok: {OURS} serves ")
    code, said = preflight(account, API_SERVICE, "elsewhere/second-control-plane-api", 60)
    assert code == 1
    assert said == (
        f"the API at {API_SERVICE}: FAILED after 0 s: it leads to the Service {OURS}, not to "
        "elsewhere/second-control-plane-api. One release of a cluster serves it: remove that one, "
        "or set controlPlaneApi.apiService to false.\n"
    )
    # Its rights are to this one object.
    code, said = preflight(account, "v1.apps", OURS, 60)
    assert code == 1
    assert "FAILED after 0 s: this program may not look at it (" in said


@pytest.fixture
def api(namespace: str, tmp_path: Path) -> SlowApi:
    return SlowApi(namespace, tmp_path)


async def refusal(client: KubernetesClient, api: SlowApi, problem: str) -> ProbeError:
    """Ask until the API server has noticed as much; return what the probe says then."""

    async def asked() -> Exception | str:
        try:
            return await probe_api_service(client, api.name, f"{api.namespace}/{SERVICE}")
        except ProbeError as error:
            return error

    error = await patiently(asked, lambda seen: problem in str(seen))
    assert isinstance(error, ProbeError)
    return error


async def test_one_that_is_not_registered_is_found_out(
    client: KubernetesClient, api: SlowApi
) -> None:
    error = await refusal(client, api, "it is not registered")
    assert (error.permanent, "helm upgrade" in error.advice) == (False, True)


async def test_a_definition_that_holds_the_group_is_found_out(
    client: KubernetesClient, api: SlowApi
) -> None:
    names = {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    body = {
        "apiVersion": DEFINITIONS.api_version,
        "kind": DEFINITIONS.kind,
        "metadata": {"name": f"things.{api.group}"},
        "spec": {
            "group": api.group,
            "names": names,
            "scope": "Namespaced",
            "versions": [version],
        },
    }
    await client.create(DEFINITIONS, body)
    try:
        error = await refusal(client, api, "the API server serves the group itself")
    finally:
        await client.delete(DEFINITIONS, f"things.{api.group}")
    assert error.permanent
    assert f"Remove every CustomResourceDefinition of the group {api.group}" in error.advice


@pytest.mark.parametrize(
    ("spec", "problem", "advice"),
    [
        ({"caBundle": None}, "nothing says yet whom to trust for it", "operator's log"),
        (
            {"caBundle": None, "insecureSkipTLSVerify": True},
            "takes whoever answers there",
            "Take that field out",
        ),
        ({}, "the API server gets no answer of it (", "Check that pods of control-plane-api"),
    ],
)
async def test_one_that_cannot_answer_yet_is_waited_for(
    client: KubernetesClient, api: SlowApi, spec: Body, problem: str, advice: str
) -> None:
    async with api.registered(client, **spec):
        error = await refusal(client, api, problem)
    assert (error.permanent, advice in error.advice) == (False, True), error.advice


async def test_a_foreign_authority_is_found_out_and_mending_it_suffices(
    client: KubernetesClient, api: SlowApi, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger").cert.read_bytes()
    async with api.serving():
        foreign = base64.b64encode(stranger).decode()
        async with api.registered(client, caBundle=foreign):
            error = await refusal(client, api, "the API server does not trust it (")
        assert "Its caBundle has to be what the ConfigMap …-serving-ca" in error.advice
        async with api.registered(client):

            async def answered() -> str:
                try:
                    backend = f"{api.namespace}/{SERVICE}"
                    return await probe_api_service(client, api.name, backend)
                except ProbeError as error:
                    return str(error)

            await patiently(answered, lambda said: "serves 0 resources" in said)
