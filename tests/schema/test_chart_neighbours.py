"""Two releases in one cluster: refused with a sentence that says what to set, or really apart."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from chartmanifests import documents
from surroundings import CHART, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

type Json = dict[str, Any]
type Kubectl = Callable[..., subprocess.CompletedProcess[str]]
type Render = Callable[..., subprocess.CompletedProcess[str]]

NAMESPACE = "neighbour-new"
SHARED, OWN = "neighbour-shared", "neighbour-own"
EXCLUSIVE = "two operators would work on the same objects"
REMOVAL = (
    "Or remove release first in elsewhere, where nobody needs it any more: "
    "helm uninstall first --namespace elsewhere\n"
)
RBAC = "rbac.authorization.k8s.io/v1"


@pytest.fixture(scope="module")
def render(api_server: Path, tools: Path, kubectl: Kubectl) -> Render:
    """Render a release as its installation would, next to whatever is in the cluster."""
    for name in (NAMESPACE, SHARED, OWN):
        assert kubectl("create", "namespace", name).returncode == 0

    def run(
        *sets: str, name: str = "venture", namespace: str = NAMESPACE
    ) -> subprocess.CompletedProcess[str]:
        command = [str(tools / "helm"), "template", name, str(CHART), "--dry-run=server"]
        command += [f"--namespace={namespace}", f"--values={CHART / 'ci/dev.yaml'}"]
        command += [f"--set-json={each}" for each in ("crds.install=false", *sets)]
        return subprocess.run(
            [*command, "--disable-openapi-validation"],
            env={**os.environ, "KUBECONFIG": str(api_server)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def served(watched: str = "") -> str:
    return f'watchNamespaces=["{watched}"]' if watched else "watchNamespaces=[]"


@pytest.fixture
def neighbour(render: Render, kubectl: Kubectl) -> Iterator[Callable[[str], None]]:
    """Give what installs of another release what says which namespaces it serves."""
    made: list[Json] = []

    def install(watched: str) -> None:
        done = render(served(watched), name="first", namespace="elsewhere")
        assert done.returncode == 0, done.stderr
        for body in documents(done.stdout):
            if body["kind"].endswith("RoleBinding"):
                if body["metadata"].get("namespace") not in {None, watched}:
                    continue
                # As helm does at an installation.
                body["metadata"]["annotations"] = {
                    "meta.helm.sh/release-name": "first",
                    "meta.helm.sh/release-namespace": "elsewhere",
                }
                assert kubectl("create", "-f", "-", manifest=json.dumps(body)).returncode == 0
                made.append(body)
        assert made

    yield install
    for body in made:
        kubectl("delete", "-f", "-", manifest=json.dumps(body))


@pytest.mark.parametrize(
    ("theirs", "ours", "where"),
    [
        ("", "", "every namespace"),
        ("", OWN, "every namespace"),
        (SHARED, "", f"the namespace {SHARED}"),
        (SHARED, SHARED, f"the namespace {SHARED}"),
    ],
)
def test_an_operator_that_would_share_its_objects_is_refused(
    neighbour: Callable[[str], None], render: Render, theirs: str, ours: str, where: str
) -> None:
    neighbour(theirs)
    done = render(served(ours))
    assert done.returncode != 0
    sentence = (
        "Set watchNamespaces, here and there, so that they have none in common: "
        f"release first in elsewhere serves {where} already, and {EXCLUSIVE}."
    )
    assert sentence in done.stderr
    assert done.stderr.count(REMOVAL) == 1
    assert render(served(ours), "operator.exclusive=false").returncode == 0
    assert render(served(ours), "operator.replicas=0").returncode == 0
    # An upgrade of the other release finds itself only.
    assert render(served(theirs), name="first", namespace="elsewhere").returncode == 0


def test_operators_of_different_namespaces_live_side_by_side(
    neighbour: Callable[[str], None], render: Render
) -> None:
    """They share the definitions and nothing else: every object is of another name or place."""
    neighbour(SHARED)
    first = render(served(SHARED), name="first", namespace="elsewhere")
    # One of them registers the API.
    second = render(served(OWN), "controlPlaneApi.apiService=false")
    assert second.returncode == 0, second.stderr
    assert places(first.stdout).isdisjoint(places(second.stdout))
    # Of one name in two namespaces, as most are.
    twin = render(served(SHARED), namespace="elsewhere")
    assert places(twin.stdout).isdisjoint(places(second.stdout))


def places(rendered: str) -> set[tuple[str, str, str]]:
    return {
        (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"])
        for each in documents(rendered)
    }


def test_an_api_of_somebody_else_is_left_alone_with_a_sentence(
    render: Render, kubectl: Kubectl
) -> None:
    name = "v1alpha1.content.venture.parpour.dev"
    body = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {
            "name": name,
            "annotations": {
                "meta.helm.sh/release-name": "first",
                "meta.helm.sh/release-namespace": "elsewhere",
            },
        },
        "spec": {
            "group": "content.venture.parpour.dev",
            "version": "v1alpha1",
            "groupPriorityMinimum": 100,
            "versionPriority": 15,
            "service": {"name": "somebody", "namespace": "elsewhere"},
        },
    }
    assert kubectl("apply", "-f", "-", manifest=json.dumps(body)).returncode == 0
    try:
        said = (
            "Set controlPlaneApi.apiService to false: "
            f"release first in elsewhere registers {name} in this cluster."
        )
        refused = render().stderr
        assert said in refused
        assert REMOVAL in refused
        without = render("controlPlaneApi.apiService=false")
        assert without.returncode == 0, without.stderr
        assert "controlPlaneApi" not in render(name="first", namespace="elsewhere").stderr
    finally:
        assert kubectl("delete", "apiservice", name).returncode == 0


def test_definitions_of_somebody_else_are_left_alone_with_a_sentence(
    render: Render, kubectl: Kubectl
) -> None:
    manifest = str(REPOSITORY / "crds" / "manifests" / "artifactbuilds.yaml")
    assert kubectl("apply", "--server-side", "--force-conflicts", "-f", manifest).returncode == 0
    done = render("crds.install=true")
    assert done.returncode != 0
    name = "artifactbuilds.venture.parpour.dev"
    assert (
        f"Set crds.install to false: the definition {name} belongs to no release of helm."
    ) in done.stderr
    assert "Or remove" not in done.stderr
    annotations = ("meta.helm.sh/release-name=first", "meta.helm.sh/release-namespace=elsewhere")
    assert kubectl("annotate", "crd", name, *annotations).returncode == 0
    try:
        done = render("crds.install=true")
        assert f"the definition {name} belongs to release first in elsewhere" in done.stderr
        assert done.stderr.count(REMOVAL) == 1
        mine = render("crds.install=true", name="first", namespace="elsewhere")
        assert f"{name} belongs" not in mine.stderr
    finally:
        removed = [f"{each.partition('=')[0]}-" for each in annotations]
        assert kubectl("annotate", "crd", name, *removed).returncode == 0
