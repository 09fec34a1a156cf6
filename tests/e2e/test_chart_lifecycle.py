"""A development release through its life: install, lost pods, upgrades, uninstall, and again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nats
import pytest
from chartrelease import Release, development_images, identities, image_values, secret_data
from forwarding import forwarded
from nats.js.api import StorageType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


type Body = dict[str, Any]
type Kubectl = Callable[..., str]

NAMESPACE = "venture-lifecycle"
BUCKET = "/data/_buckets/venture"
PODS = ("venture-postgres-0", "venture-nats-0", "venture-valkey-0", "venture-s3-0")
PREFLIGHT_LABELS = {
    "app.kubernetes.io/name": "venture",
    "app.kubernetes.io/instance": "venture",
    "app.kubernetes.io/component": "preflight",
}
RECORD = {
    "stream": {"replicas": 1, "maxBytes": 64 * 1024 * 1024},
    "sequencer": {"replicas": 0},
    "relay": {"replicas": 0},
}
KEYS = ("venture-signing-key", "venture-checkpoint-key")
CREDENTIALS = (
    "venture-founder-key",
    "venture-nats",
    "venture-postgres",
    "venture-redis",
    "venture-s3",
)


@pytest.fixture(scope="module")
def values(kubectl: Kubectl) -> Body:
    """The development data plane alone: what works with it, the cluster has already."""
    images = development_images(kubectl)
    components = ("postgres", "nats", "valkey", "s3")
    return {
        "crds": {"install": False},
        # Its admission policies hold there only: other namespaces have those of `make up`.
        "watchNamespaces": [NAMESPACE],
        "operator": {"replicas": 0},
        # Nobody would issue their certificates, and the API is registered already.
        "controlPlaneApi": {"replicas": 0, "apiService": False},
        "webhooks": {"enabled": False},
        **{name: {"replicas": 0} for name in ("policyEngine", "egressProxy", "treasuryApi")},
        "record": RECORD,
        "image": image_values(images["operator"]),
        "compiler": {"image": image_values(images["compiler"])},
        "dataPlane": {
            "enabled": True,
            **{name: {"image": image_values(images[name])} for name in components},
        },
    }


@pytest.fixture(scope="module")
def release(kubectl: Kubectl, tools: Path, kubeconfig: Path, values: Body) -> Iterator[Release]:
    kubectl("create", "namespace", NAMESPACE)
    label = "pod-security.kubernetes.io/enforce=restricted"
    kubectl("label", "namespace", NAMESPACE, label)
    installed = Release(tools / "helm", kubeconfig, NAMESPACE)
    try:
        done = installed.upgrade(values)
        assert done.returncode == 0, done.stdout + done.stderr
        yield installed
    finally:
        installed.uninstall()
        kubectl("delete", "namespace", NAMESPACE, "--timeout=180s")


def psql(kubectl: Kubectl, statement: str) -> str:
    password = secret_data(kubectl, NAMESPACE, "venture-postgres")["password"]
    url = f"postgresql://venture:{password}@127.0.0.1/venture"
    arguments = ("exec", "venture-postgres-0", "--", "psql", "--no-align", "--tuples-only")
    return kubectl("-n", NAMESPACE, *arguments, "--command", statement, url).strip()


def valkey(kubectl: Kubectl, *command: str) -> str:
    arguments = ("exec", "venture-valkey-0", "--", "valkey-cli", "--user", "venture")
    return kubectl("-n", NAMESPACE, *arguments, *command).strip()


async def messages(kubectl: Kubectl, kubeconfig: Path, *, publish: bool = False) -> int:
    """Count the messages of a stream on disk, after adding one on request."""
    password = secret_data(kubectl, NAMESPACE, "venture-nats")["password"]
    with forwarded(kubeconfig, NAMESPACE, "service/venture-nats", 4222) as port:
        client = await nats.connect(f"nats://venture:{password}@127.0.0.1:{port}")
        try:
            jetstream = client.jetstream()
            if publish:
                await jetstream.add_stream(name="KEPT", subjects=["kept"], storage=StorageType.FILE)
                await jetstream.publish("kept", b"me")
            return (await jetstream.stream_info("KEPT")).state.messages
        finally:
            await client.close()


async def write_everywhere(kubectl: Kubectl, kubeconfig: Path) -> None:
    psql(kubectl, "CREATE TABLE IF NOT EXISTS kept (value int); INSERT INTO kept VALUES (1)")
    assert valkey(kubectl, "set", "kept", "me") == "OK"
    assert await messages(kubectl, kubeconfig, publish=True) == 1
    kubectl(
        "-n",
        NAMESPACE,
        "exec",
        "venture-s3-0",
        "-c",
        "s3",
        "--",
        "mkdir",
        f"{BUCKET}/kept",
    )


async def assert_all_kept(kubectl: Kubectl, kubeconfig: Path) -> None:
    assert psql(kubectl, "SELECT value FROM kept") == "1"
    assert valkey(kubectl, "get", "kept") == "me"
    assert await messages(kubectl, kubeconfig) == 1
    folder = ("exec", "venture-s3-0", "-c", "s3", "--", "ls", BUCKET)
    assert "kept" in kubectl("-n", NAMESPACE, *folder)


async def test_data_survives_the_loss_of_every_pod(
    kubectl: Kubectl, kubeconfig: Path, release: Release
) -> None:
    await write_everywhere(kubectl, kubeconfig)
    kubectl("-n", release.namespace, "delete", "pod", *PODS, "--wait=true")
    for pod in PODS:
        name = pod.removesuffix("-0")
        kubectl("-n", NAMESPACE, "rollout", "status", f"statefulset/{name}", "--timeout=120s")
    await assert_all_kept(kubectl, kubeconfig)


def test_the_application_role_is_no_superuser(kubectl: Kubectl, release: Release) -> None:
    del release
    roles = "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert psql(kubectl, roles) == "f|t"
    psql(kubectl, "CREATE ROLE lifecycle_writer; DROP ROLE lifecycle_writer")


def test_an_upgrade_without_a_change_changes_nothing(
    kubectl: Kubectl, release: Release, values: Body
) -> None:
    kinds = "secrets,configmaps,statefulsets,services,networkpolicies"
    before = identities(kubectl, NAMESPACE, kinds)
    pods = pod_ids(kubectl)
    done = release.upgrade(values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert identities(kubectl, NAMESPACE, kinds) == before
    assert pod_ids(kubectl) == pods


def test_an_upgrade_with_a_change_keeps_credentials_and_data_plane(
    kubectl: Kubectl, release: Release, values: Body
) -> None:
    credentials = [secret_data(kubectl, NAMESPACE, name) for name in CREDENTIALS]
    pods = pod_ids(kubectl)
    done = release.upgrade(values | {"operator": {"replicas": 0, "logLevel": "DEBUG"}})
    assert done.returncode == 0, done.stdout + done.stderr
    assert [secret_data(kubectl, NAMESPACE, name) for name in CREDENTIALS] == credentials
    assert pod_ids(kubectl) == pods


def test_the_schema_is_there_and_an_upgrade_keeps_it(kubectl: Kubectl, release: Release) -> None:
    del release
    assert psql(kubectl, "SELECT count(*) FROM record.schema_version") == "1"
    assert psql(kubectl, "SELECT count(*) FROM record.events") == "0"


def pod_ids(kubectl: Kubectl) -> dict[str, str]:
    pods = json.loads(kubectl("-n", NAMESPACE, "get", "pods", "-o", "json"))["items"]
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in pods}


def test_nobody_but_its_users_reaches_the_data_plane(
    kubectl: Kubectl, release: Release, values: Body
) -> None:
    del release
    image = values["dataPlane"]["postgres"]["image"]
    reference = f"{image['registry']}/{image['repository']}:{image['tag']}"
    script = "pg_isready --timeout=3 --host=venture-postgres --quiet && echo reached"
    stranger = pod("stranger", reference, script, labels={})
    client = pod("client", reference, script, labels=PREFLIGHT_LABELS)
    for body, reached in ((stranger, False), (client, True)):
        name = body["metadata"]["name"]
        kubectl("-n", NAMESPACE, "create", "--filename", "-", stdin=json.dumps(body))
        done = "--for=jsonpath={.status.containerStatuses[0].state.terminated}"
        kubectl("-n", NAMESPACE, "wait", done, f"pod/{name}", "--timeout=60s")
        assert ("reached" in kubectl("-n", NAMESPACE, "logs", name)) is reached
        kubectl("-n", NAMESPACE, "delete", "pod", name)


def pod(name: str, image: str, script: str, *, labels: dict[str, str]) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "main",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sh", "-c", script],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }


async def test_uninstalling_keeps_data_and_credentials_for_the_next_install(
    kubectl: Kubectl, kubeconfig: Path, release: Release, values: Body
) -> None:
    kept = (*CREDENTIALS, *login_secrets(kubectl))
    credentials = [secret_data(kubectl, NAMESPACE, name) for name in kept]
    said = release.uninstall()
    for name in (*kept, *KEYS):
        assert f"[Secret] {name}" in said
    kinds = "all,secrets,configmaps,networkpolicies,serviceaccounts,roles,rolebindings,pvc"
    assert set(identities(kubectl, NAMESPACE, kinds)) == {
        "ConfigMap/kube-root-ca.crt",
        "ServiceAccount/default",
        *(f"Secret/{name}" for name in (*kept, *KEYS)),
        *(f"PersistentVolumeClaim/data-{name}" for name in PODS),
    }
    done = release.upgrade(values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [secret_data(kubectl, NAMESPACE, name) for name in kept] == credentials
    await assert_all_kept(kubectl, kubeconfig)


def login_secrets(kubectl: Kubectl) -> list[str]:
    """Return the names of the Secrets that hold the programs' logins."""
    labelled = ("secrets", "--selector", "venture.parpour.dev/login", "--output", "json")
    items = json.loads(kubectl("-n", NAMESPACE, "get", *labelled))["items"]
    names = [item["metadata"]["name"] for item in items]
    assert {"venture-login-operator", "venture-login-relay"} <= set(names)
    return names


def test_without_retention_volumes_and_credentials_go_with_the_release(
    kubectl: Kubectl, release: Release, values: Body
) -> None:
    temporary = values | {"dataPlane": values["dataPlane"] | {"retain": False}}
    changed = release.upgrade(temporary)
    assert changed.returncode == 0, changed.stdout + changed.stderr
    release.uninstall()
    kubectl("-n", NAMESPACE, "wait", "--for=delete", "pvc", "--all", "--timeout=60s")
    left = set(identities(kubectl, NAMESPACE, "secrets,pvc"))
    assert left == {f"Secret/{name}" for name in KEYS}
    again = release.upgrade(values)
    assert again.returncode == 0, again.stdout + again.stderr
