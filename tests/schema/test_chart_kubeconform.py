"""The chart against a real API server: kubeconform with its own schemas, and a dry run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from chartmanifests import documents
from surroundings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHART = REPOSITORY / "charts" / "venture"
VALUES = [
    *sorted(f"ci/{file.name}" for file in (CHART / "ci").glob("*.yaml")),
    "values-dev.yaml",
]
PUBLISHED_WITHIN_SECONDS = 60

type Kubectl = Callable[..., subprocess.CompletedProcess[str]]
type Template = Callable[..., subprocess.CompletedProcess[str]]
type Kubeconform = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def kubeconform(
    kubectl: Kubectl,
    crds_installed: None,
    tools: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Kubeconform:
    """Give strict kubeconform over a text of manifests; a failure is the caller's to judge."""
    del crds_installed
    folder = tmp_path_factory.mktemp("schemas")
    command = [sys.executable, str(REPOSITORY / "hack" / "schemas.py"), str(folder)]
    subprocess.run(command, input=_openapi(kubectl), text=True, check=True)
    location = f"{folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"

    def run(manifests: str) -> subprocess.CompletedProcess[str]:
        program = str(tools / "kubeconform")
        arguments = ["-strict", "-summary", "-output", "json", "-schema-location", location]
        return subprocess.run(
            [program, *arguments], input=manifests, capture_output=True, text=True, check=False
        )

    return run


def _openapi(kubectl: Kubectl) -> str:
    """Return the server's document once it describes our kinds too."""
    deadline = time.monotonic() + PUBLISHED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        document = kubectl("get", "--raw", "/openapi/v2").stdout
        if '"dev.parpour.venture.v1alpha1.ArtifactBuild"' in document:
            return document
        time.sleep(0.2)
    raise TimeoutError("the API server does not publish our kinds")


def rendered(helm_template: Template, values: str) -> str:
    result = helm_template(values)
    assert result.returncode == 0, result.stderr
    return result.stdout


def namespaces_of(manifests: str) -> set[str]:
    """Return the namespaces that the objects are in."""
    found = [each["metadata"] for each in documents(manifests)]
    return {each["namespace"] for each in found if "namespace" in each}


@pytest.mark.parametrize("values", VALUES)
def test_every_manifest_is_valid(
    kubeconform: Kubeconform, helm_template: Template, values: str
) -> None:
    checked = kubeconform(rendered(helm_template, values))
    assert checked.returncode == 0, checked.stdout
    summary: dict[str, Any] = json.loads(checked.stdout)["summary"]
    assert summary["valid"] > 10
    assert summary["invalid"] == summary["errors"] == summary["skipped"] == 0


def test_an_unknown_field_is_found(kubeconform: Kubeconform, helm_template: Template) -> None:
    manifests = rendered(helm_template, "ci/production.yaml")
    checked = kubeconform(manifests.replace("readOnlyRootFilesystem:", "readonlyRootFilesystem:"))
    assert checked.returncode != 0
    assert "additional properties 'readonlyRootFilesystem' not allowed" in checked.stdout


def test_our_own_kind_is_checked_too(kubeconform: Kubeconform) -> None:
    body = {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": "deck"},
        "spec": {"target": "Pptx", "source": {"objectRef": {"key": "a", "sha256": "0" * 64}}},
    }
    assert kubeconform(json.dumps(body)).returncode == 0
    body["spec"] = {"target": "Pptx", "sauce": {}}
    assert "'sauce' not allowed" in kubeconform(json.dumps(body)).stdout


@pytest.mark.parametrize("values", VALUES)
def test_the_server_takes_every_manifest_without_a_warning(
    kubectl: Kubectl, crds_installed: None, helm_template: Template, values: str
) -> None:
    del crds_installed
    manifests = rendered(helm_template, values)
    # A dry run creates no namespace that what follows could be in.
    for namespace in {"venture-system", "team-a", "team-b", *namespaces_of(manifests)}:
        kubectl("create", "namespace", namespace)
        level = "pod-security.kubernetes.io/warn=restricted"
        labelled = kubectl("label", "--overwrite", "namespace", namespace, level)
        assert labelled.returncode == 0, labelled.stderr
    arguments = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-")
    applied = kubectl(*arguments, "--validate=strict", manifest=manifests)
    assert applied.returncode == 0, applied.stderr
    assert not applied.stderr
