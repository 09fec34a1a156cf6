"""A Secret that the user changes restarts what reads it at the next upgrade, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from chartmanifests import documents
from surroundings import CHART

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMESPACE = "checksums"
ALL = {
    *("operator", "sequencer", "relay", "projector", "control-plane-api", "treasury-api"),
    *("policy-engine", "egress-proxy", "webhooks"),
}
USERS = {
    "venture-provenance": {"operator"},
    "venture-checkpoints": {"sequencer"},
    "venture-founders": {"control-plane-api"},
    "venture-db-operator": {"operator"},
    "venture-db-sequencer": {"sequencer"},
    "venture-db-relay": {"relay"},
    "venture-db-projector": {"projector"},
    "venture-db-control-plane-api": {"control-plane-api"},
    "venture-db-treasury-api": {"treasury-api"},
    "venture-db-policy-engine": {"policy-engine"},
    "venture-db-egress-proxy": {"egress-proxy"},
    "venture-nats-relay": {"relay"},
    "venture-nats-projector": {"projector"},
    "venture-nats-policy-engine": {"policy-engine"},
    "venture-db-ca": ALL - {"webhooks"},
    "venture-nats-ca": {"relay", "projector", "policy-engine"},
    "venture-s3-ca": {"operator", "sequencer", "relay", "control-plane-api"},
    "venture-s3-user": {"operator", "sequencer", "relay", "control-plane-api"},
    "venture-redis-user": {"treasury-api"},
    # Nobody who stays reads these: people, and what runs once.
    "venture-db-owner": set[str](),
    "venture-db-auditor": set[str](),
}
"""Which components read each Secret that the production example names."""

type Checksums = Callable[..., dict[str, str]]
type Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def checksums(api_server: Path, tools: Path, kubectl: Kubectl) -> Checksums:
    """Render the production example as an upgrade would; give each Deployment's checksum."""
    assert kubectl("create", "namespace", NAMESPACE).returncode == 0

    def render(*sets: str) -> dict[str, str]:
        command = [str(tools / "helm"), "template", "venture", str(CHART), "--dry-run=server"]
        command += [f"--namespace={NAMESPACE}", f"--values={CHART / 'ci/production.yaml'}"]
        # Other tests of this API server have the definitions without helm, which takes over none.
        command += ["--set=crds.install=false"]
        command += [f"--set={each}" for each in ("s3.caSecret.name=venture-s3-ca", *sets)]
        command += ["--disable-openapi-validation"]
        rendered = subprocess.run(
            command,
            env={**os.environ, "KUBECONFIG": str(api_server)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert rendered.returncode == 0, rendered.stderr
        return dict(
            _checksum(each) for each in documents(rendered.stdout) if each["kind"] == "Deployment"
        )

    return render


def _checksum(deployment: dict[str, Any]) -> tuple[str, str]:
    metadata = deployment["spec"]["template"]["metadata"]
    component = metadata["labels"]["app.kubernetes.io/component"]
    return component, metadata["annotations"]["venture.parpour.dev/secrets"]


def _put(kubectl: Kubectl, name: str, value: str, **metadata: Any) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE, **metadata},
        "stringData": {"value": value},
    }
    applied = kubectl("apply", "--server-side", "-f", "-", manifest=json.dumps(secret))
    assert applied.returncode == 0, applied.stderr


@pytest.mark.parametrize("secret", USERS)
def test_whoever_reads_a_secret_restarts_when_it_has_changed(
    kubectl: Kubectl, checksums: Checksums, secret: str
) -> None:
    _put(kubectl, secret, "one")
    before = checksums()
    assert before.keys() == ALL
    assert checksums() == before
    _put(kubectl, secret, "two")
    after = checksums()
    assert {each for each in ALL if after[each] != before[each]} == USERS[secret]


def test_a_key_that_the_release_has_made_restarts_nothing(
    kubectl: Kubectl, checksums: Checksums
) -> None:
    """At the first upgrade it is found in the cluster, where at the installation it was not."""
    generated = ("record.checkpoint.existingSecret=", "record.checkpoint.furtherKeys=null")
    before = checksums(*generated)
    _put(
        kubectl,
        "venture-checkpoint-key",
        "made",
        labels={"app.kubernetes.io/managed-by": "Helm"},
        annotations={
            "meta.helm.sh/release-name": "venture",
            "meta.helm.sh/release-namespace": NAMESPACE,
        },
    )
    assert checksums(*generated) == before
