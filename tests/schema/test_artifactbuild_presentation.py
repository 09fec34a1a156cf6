"""What people see of an ArtifactBuild: explanations, columns, selectors, refusals, examples."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from chartmanifests import documents
from surroundings import REPOSITORY
from venture_crds.v1alpha1.artifactbuild import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_crds.resource import Example

MANIFEST: Final = REPOSITORY / "crds/manifests/artifactbuilds.yaml"
CRD: Final = yaml.safe_load(MANIFEST.read_text())
SCHEMA: Final = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
SHA256: Final = "0123456789abcdef" * 4

type Json = dict[str, Any]


def build(name: str) -> Json:
    return {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": name},
        "spec": {"target": "Pptx", "source": {"inline": {}}},
    }


def succeed(command: Any, *arguments: str, **options: Any) -> str:
    done = command(*arguments, **options)
    assert done.returncode == 0, done.stderr
    output: str = done.stdout
    return output


@pytest.fixture
async def ready_build(api: Any) -> None:
    """One build that is ready, with all that the columns show, and one nobody has looked at."""
    await api.create(build("board-deck"))
    await api.create(build("new-deck"))
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Built",
        "message": "The deck is built.",
        "lastTransitionTime": "2026-11-23T12:00:00Z",
        "observedGeneration": 1,
    }
    status = {
        "phase": "Ready",
        "conditions": [condition],
        "size": "47 KiB",
        "cache": "Miss",
        "artifact": {"uri": "s3://b/k", "sha256": SHA256, "sizeBytes": 48213, "mediaType": "a/b"},
    }
    await api.patch("board-deck", {"status": status}, "status")


async def test_the_columns_tell_the_story(api: Any, kubectl: Any, ready_build: None) -> None:
    del ready_build
    head, ready, new = succeed(kubectl, "get", "ab", "-n", api.namespace).splitlines()
    assert head.split() == ["NAME", "TARGET", "PHASE", "SIZE", "CACHE", "REASON", "AGE"]
    assert ready.split()[:-1] == ["board-deck", "Pptx", "Ready", "47", "KiB", "Miss", "Built"]
    assert new.split()[:-1] == ["new-deck", "Pptx"]

    head, ready, _ = succeed(kubectl, "get", "ab", "-o", "wide", "-n", api.namespace).splitlines()
    assert head.split()[-3:] == ["AGE", "MESSAGE", "SHA256"]
    assert ready.endswith(f"The deck is built.   {SHA256}")


async def test_the_category_lists_it(api: Any, kubectl: Any, ready_build: None) -> None:
    del ready_build
    listed = succeed(kubectl, "get", "venture", "-o", "name", "-n", api.namespace)
    assert listed.split() == [
        "artifactbuild.venture.parpour.dev/board-deck",
        "artifactbuild.venture.parpour.dev/new-deck",
    ]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("status.phase=Ready", ["board-deck"]),
        ("status.phase!=Ready", ["new-deck"]),
        ("spec.target=Pptx", ["board-deck", "new-deck"]),
        ("spec.target=Pptx,status.phase=Ready", ["board-deck"]),
        ("spec.target=Docx", []),
    ],
)
async def test_field_selectors_select(
    api: Any, kubectl: Any, ready_build: None, selector: str, names: list[str]
) -> None:
    del ready_build
    arguments = ["get", "ab", "-n", api.namespace, "--field-selector", selector, "-o", "json"]
    found = json.loads(succeed(kubectl, *arguments))
    assert [item["metadata"]["name"] for item in found["items"]] == names


async def test_another_field_cannot_be_selected(api: Any, kubectl: Any) -> None:
    refused = kubectl("get", "ab", "-n", api.namespace, "--field-selector", "spec.retry=1")
    assert refused.returncode != 0
    assert "field label not supported: spec.retry" in refused.stderr


def test_the_published_schema_describes_every_field(published: Json, nodes: Any) -> None:
    ours = {path for path, _ in nodes(SCHEMA, "") if path.startswith(("spec", "status"))}
    described = {
        path for path, node in nodes(published, "") if str(node.get("description", "")).strip()
    }
    fields = {path for path in ours if not path.endswith(("[]", "{}"))}
    assert len(fields) > 60
    assert fields <= described


@pytest.mark.parametrize("part", ["spec", "status"])
def test_kubectl_explains_every_field(kubectl: Any, published: Json, nodes: Any, part: str) -> None:
    del published
    tree = succeed(kubectl, "explain", f"artifactbuild.{part}", "--recursive")
    names = {
        path.rpartition(".")[2]
        for path, _ in nodes(SCHEMA["properties"][part], part)
        if path != part and not path.endswith("[]")
    }
    explained = {line.split("\t")[0].strip() for line in tree.splitlines() if "\t<" in line}
    assert names <= explained

    assert SCHEMA["properties"][part]["description"] in " ".join(tree.split())


def test_kubectl_explains_a_field_in_a_sentence(kubectl: Any, published: Json) -> None:
    del published
    text = succeed(kubectl, "explain", "ab.spec.assets.objectRef.sha256")
    assert "FIELD: sha256 <string>" in text
    assert "The SHA-256 of the object's bytes. Other bytes are refused." in text

    text = succeed(kubectl, "explain", "ab.spec.source.objectRef")
    assert "sha256\t<string> -required-" in text


def test_no_default_is_null(published: Json, nodes: Any) -> None:
    defaults = [node["default"] for _, node in nodes(published, "") if "default" in node]
    assert defaults
    assert None not in defaults


async def test_a_bad_manifest_is_refused_with_sentences(api: Any, kubectl: Any) -> None:
    body = build("Deck")
    body["metadata"]["name"] = "deck"
    body["spec"]["source"] = {
        "inline": {},
        "objectRef": {"key": "/ir/deck.json", "sha256": "abc"},
    }
    body["spec"]["timeoutSeconds"] = 5
    refused = kubectl("apply", "-n", api.namespace, "-f", "-", manifest=json.dumps(body))
    assert refused.returncode != 0
    for sentence in (
        "spec.timeoutSeconds in body should be greater than or equal to 10",
        "must set exactly one of inline, configMapRef and objectRef",
        "must be a plain object key: no '/' at either end, no empty part",
        "must be a SHA-256 digest: 64 lowercase hexadecimal digits",
    ):
        assert sentence in refused.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
async def test_the_examples_of_the_reference_page_are_accepted(
    api: Any, kubectl: Any, example: Example
) -> None:
    arguments = ["apply", "-n", api.namespace, "--validate=strict", "-f", "-"]
    assert "created" in succeed(kubectl, *arguments, manifest=example.manifest)
    assert "unchanged" in succeed(kubectl, *arguments, manifest=example.manifest)


@pytest.fixture(scope="session")
def render() -> Callable[..., list[Json]]:
    """Render the chart's CRD templates with Helm."""
    programs = subprocess.run(
        [sys.executable, str(REPOSITORY / "hack" / "cluster"), "programs", "tools"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    helm = Path(programs.stdout.strip()) / "helm"

    def rendered(*settings: str) -> list[Json]:
        chart = str(REPOSITORY / "charts" / "venture")
        values = str(REPOSITORY / "charts" / "venture" / "values-dev.yaml")
        sets = [argument for setting in settings for argument in ("--set", setting)]
        done = subprocess.run(
            [str(helm), "template", "venture", chart, "-f", values, *sets],
            capture_output=True,
            text=True,
            check=True,
        )
        definitions = [one for one in documents(done.stdout) if one["kind"] == CRD["kind"]]
        return [one for one in definitions if one["metadata"]["name"] == CRD["metadata"]["name"]]

    return rendered


def test_the_chart_installs_the_same_definition(render: Any, kubectl: Any, api: Any) -> None:
    del api  # the definition is there, so applying it again must change nothing
    (crd,) = render("crds.install=true", "crds.keep=true", "crds.annotations.team=platform")
    assert crd["spec"] == CRD["spec"]
    assert crd["metadata"]["name"] == CRD["metadata"]["name"]
    assert crd["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep", "team": "platform"}
    succeed(kubectl, "apply", "--dry-run=server", "-f", "-", manifest=json.dumps(crd))


def test_the_chart_can_leave_the_definition_alone(render: Any) -> None:
    (crd,) = render("crds.install=true", "crds.keep=false")
    assert "annotations" not in crd["metadata"]
    assert render("crds.install=false") == []
