"""What `artifact build` creates: the object, a ConfigMap or an upload, each within its bounds."""

import hashlib
import json
from typing import Any

import pytest
from venture_cli.domain.documents import read_source
from venture_cli.domain.plan import (
    BuildOptions,
    BuildPlan,
    adoption,
    config_map_body,
    holds,
    is_same_request,
    owner_uids,
    plan_build,
)
from venture_cli.errors import CliError, ExitCode
from venture_core.artifacts.limits import CONFIG_MAP_MAX_BYTES, INLINE_MAX_BYTES
from venture_core.canonical import canonical_json
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild


def deck(size: int = 0) -> dict[str, Any]:
    """Return a document that has that many bytes as canonical JSON, or is small."""
    body = {
        "kind": "SlideSpec",
        "version": 1,
        "title": "A deck",
        "slides": [{"type": "title", "title": "A deck", "notes": ""}],
    }
    body["slides"] = [
        {"type": "title", "title": "A deck", "notes": "n" * (size - len(canonical_json(body)))}
    ]
    return body


def plan(body: dict[str, Any], origin: str = "a-deck.json", **options: Any) -> BuildPlan:
    source = read_source(json.dumps(body).encode(), origin)
    return plan_build(source, BuildOptions(**options), origin=origin, default_namespace="default")


def manifest(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": "a-deck", "labels": {"team": "a"}},
        "spec": {"target": "Pptx", "source": {"inline": deck()}} | spec,
        "status": {"phase": "Ready"},
    }


def refusal(body: dict[str, Any], origin: str = "a-deck.json", **options: Any) -> CliError:
    with pytest.raises(CliError) as caught:
        plan(body, origin, **options)
    assert caught.value.code is ExitCode.USAGE
    return caught.value


def test_a_document_becomes_a_build_named_after_its_file() -> None:
    made = plan(deck())
    assert made == BuildPlan(
        body={
            "apiVersion": "venture.parpour.dev/v1alpha1",
            "kind": "ArtifactBuild",
            "metadata": {"namespace": "default", "name": "a-deck"},
            "spec": {"target": "Pptx", "source": {"inline": deck()}},
        }
    )
    assert ArtifactBuild.model_validate(made.body).spec.source.inline == deck()


@pytest.mark.parametrize(
    ("size", "place"),
    [
        (INLINE_MAX_BYTES, "inline"),
        (INLINE_MAX_BYTES + 1, "configMapRef"),
        (CONFIG_MAP_MAX_BYTES, "configMapRef"),
        (CONFIG_MAP_MAX_BYTES + 1, "objectRef"),
    ],
)
def test_a_document_goes_where_it_fits(size: int, place: str) -> None:
    body = deck(size)
    data = canonical_json(body)
    assert len(data) == size
    made = plan(body)
    assert list(made.body["spec"]["source"]) == [place]
    assert made.config_map == (data if place == "configMapRef" else None)
    digest = hashlib.sha256(data).hexdigest()
    uploads = [(each.reference["key"], each.data) for each in made.uploads]
    assert uploads == ([(f"documents/{digest}.json", data)] if place == "objectRef" else [])
    if place == "objectRef":
        reference = {"key": f"documents/{digest}.json", "sha256": digest}
        assert made.body["spec"]["source"]["objectRef"] == reference


def test_a_config_map_belongs_to_its_build_and_is_named_by_content() -> None:
    made = plan(deck(INLINE_MAX_BYTES + 1))
    assert made.config_map is not None
    created = made.body | {"metadata": made.body["metadata"] | {"uid": "u1"}}
    body = config_map_body(made.body, made.config_map)
    digest = hashlib.sha256(made.config_map).hexdigest()
    assert body["metadata"]["name"] == f"a-deck-document-{digest[:12]}"
    assert owner_uids(body) == set()
    assert owner_uids(body | adoption(created)) == {"u1"}
    assert holds(body, made.config_map)
    assert body["data"]["ir.json"].encode() == made.config_map
    assert body["immutable"] is True


def test_assets_are_uploaded_by_content_and_referred_to() -> None:
    made = plan(deck(), assets={"logo": b"png"})
    digest = hashlib.sha256(b"png").hexdigest()
    reference = {"key": f"assets/{digest}", "sha256": digest}
    assert made.body["spec"]["assets"] == [{"name": "logo", "objectRef": reference}]
    (upload,) = made.uploads
    assert (upload.plural, upload.reference, upload.data) == ("assets", reference, b"png")


def test_a_manifest_is_kept_but_for_its_status() -> None:
    made = plan(manifest(timeoutSeconds=60, gates={"contrast": False}), skipped_gates=("altText",))
    assert made.body["metadata"] == {
        "name": "a-deck",
        "labels": {"team": "a"},
        "namespace": "default",
    }
    assert made.body["spec"]["timeoutSeconds"] == 60
    assert made.body["spec"]["gates"] == {"contrast": False, "altText": False}
    assert "status" not in made.body


def test_a_reference_in_a_manifest_stays_a_reference() -> None:
    reference = {"configMapRef": {"name": "x", "key": "ir.json"}}
    assert plan(manifest(source=reference)).body["spec"]["source"] == reference


def test_options_say_what_a_document_cannot() -> None:
    made = plan(deck(), "-", name="other", namespace="team-a", skipped_gates=("contrast",))
    assert made.body["metadata"] == {"name": "other", "namespace": "team-a"}
    assert made.body["spec"]["gates"] == {"contrast": False}


def test_contradictions_are_usage_errors() -> None:
    body = manifest()
    body["metadata"]["namespace"] = "team-a"
    assert "--namespace team-b contradicts the manifest" in str(refusal(body, namespace="team-b"))
    assert "the build has no name" in str(refusal(deck(), "-"))
    assert "is no name of an ArtifactBuild" in str(refusal(deck(), name="No Name"))
    pinned = manifest(assets=[{"name": "logo", "objectRef": {"key": "k", "sha256": "0" * 64}}])
    assert "and so does --asset" in str(refusal(pinned, assets={"logo": b"png"}))


def test_a_file_with_config_maps_is_left_to_kubectl() -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    data = f"{json.dumps(config_map)}\n---\n{json.dumps(manifest())}".encode()
    source = read_source(data, "both.yaml")
    with pytest.raises(CliError) as caught:
        plan_build(source, BuildOptions(), origin="both.yaml", default_namespace="default")
    assert "kubectl apply -f both.yaml" in caught.value.next_step


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"suspend": True, "retry": "now"}, True),
        ({"gates": {"contrast": True, "overflow": True}}, True),
        ({"timeoutSeconds": 300}, True),
        ({"timeoutSeconds": 301}, False),
        ({"gates": {"contrast": False}}, False),
        ({"source": {"inline": deck() | {"title": "Another"}}}, False),
        ({"assets": [{"name": "a", "objectRef": {"key": "k", "sha256": "0" * 64}}]}, False),
    ],
)
def test_the_same_request_is_recognised(change: dict[str, Any], *, same: bool) -> None:
    wanted = plan(deck()).body
    existing = wanted | {"spec": wanted["spec"] | change}
    assert is_same_request(wanted, existing) is same
