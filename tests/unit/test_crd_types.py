"""The types as the operator's view of an object: what they read, refuse, and write."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pydantic import ValidationError
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GATE_NAMES
from venture_crds.v1alpha1.artifactbuild import (
    EXAMPLES,
    Artifact,
    ArtifactBuild,
    ArtifactBuildSpec,
    ArtifactBuildStatus,
    CacheOutcome,
    GateSwitches,
    Phase,
    Source,
    human_size,
)
from venture_crds.v1alpha1.conditions import (
    Condition,
    ConditionStatus,
    ConditionType,
    find_condition,
)
from venture_crds.v1alpha1.meta import ObjectMeta
from venture_crds.v1alpha1.targets import Target

if TYPE_CHECKING:
    from venture_crds.resource import Example

SHA256 = "0123456789abcdef" * 4
BODY: dict[str, Any] = {
    "apiVersion": "venture.parpour.dev/v1alpha1",
    "kind": "ArtifactBuild",
    "metadata": {
        "name": "deck",
        "namespace": "default",
        "uid": "6622053a-5ec9-49b4-bf2a-069588e7037f",
        "resourceVersion": "204",
        "generation": 1,
        "creationTimestamp": "2026-11-23T06:32:57Z",
        "labels": {"team": "board"},
    },
    "spec": {
        "target": "Pptx",
        "source": {"inline": {"slides": [1.5, None, {"deep": None}]}},
        "gates": {"altText": False},
        "timeoutSeconds": 300,
    },
    "status": {
        "phase": "Compiling",
        "observedGeneration": 1,
        "conditions": [
            {
                "type": "Ready",
                "status": "Unknown",
                "reason": "Compiling",
                "message": "",
                "lastTransitionTime": "2026-11-23T06:32:58Z",
                "observedGeneration": 1,
            }
        ],
        "gates": [],
        "failures": 0,
        "handledRetry": "",
        "suspended": False,
    },
}


def test_a_body_is_read_and_written_back_unchanged() -> None:
    build = ArtifactBuild.model_validate(BODY)
    assert build.metadata.creation_timestamp == datetime(2026, 11, 23, 6, 32, 57, tzinfo=UTC)
    assert build.spec.target is Target.PPTX
    assert build.spec.gates == GateSwitches(alt_text=False)
    assert build.spec.gates.contrast
    assert build.status.phase is Phase.COMPILING
    assert build.to_json() == BODY
    assert json.loads(json.dumps(build.to_json())) == BODY


def test_absence_has_a_meaning() -> None:
    spec = ArtifactBuildSpec(target=Target.PPTX, source=Source(inline={}))
    assert (spec.suspend, spec.retry, spec.assets, spec.timeout_seconds) == (False, "", (), 300)
    assert spec.gates == GateSwitches()
    assert spec.gates.model_dump(by_alias=True) == dict.fromkeys(GATE_NAMES, True)


def test_a_new_object_holds_only_what_was_said() -> None:
    build = ArtifactBuild(
        metadata=ObjectMeta(name="deck"),
        spec=ArtifactBuildSpec(
            target=Target.PPTX, source=Source(inline={"a": None}, object_ref=None), retry=""
        ),
    )
    assert build.to_json() == {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": "deck"},
        "spec": {"target": "Pptx", "source": {"inline": {"a": None}}, "retry": ""},
    }


@pytest.mark.parametrize(
    "path", [(), ("metadata",), ("status",), ("status", "conditions", 0), ("status", "artifact")]
)
def test_what_a_newer_version_added_is_skipped(path: tuple[str | int, ...]) -> None:
    body = deepcopy(BODY)
    body["status"]["artifact"] = {
        "uri": "s3://b/k",
        "sha256": SHA256,
        "sizeBytes": 1,
        "mediaType": "a/b",
    }
    node: Any = body
    for step in path:
        node = node[step]
    known = ArtifactBuild.model_validate(body)
    node["novelty"] = {"x": 1}
    assert ArtifactBuild.model_validate(body) == known


@pytest.mark.parametrize("path", [("spec",), ("spec", "source"), ("spec", "gates")])
def test_an_order_that_is_not_understood_is_an_error(path: tuple[str, ...]) -> None:
    body = deepcopy(BODY)
    node = body
    for step in path:
        node = node[step]
    node["novelty"] = 1
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        ArtifactBuild.model_validate(body)


@pytest.mark.parametrize(
    "change",
    [
        {"target": "Odp"},
        {"timeoutSeconds": 9},
        {"retry": "r" * 65},
        {"source": {"objectRef": {"key": "k", "sha256": "F" * 64}}},
        {"source": {"configMapRef": {"name": "Deck", "key": "k"}}},
    ],
)
def test_the_bounds_hold_here_too(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ArtifactBuild.model_validate({**BODY, "spec": BODY["spec"] | change})


def test_another_kind_or_version_is_refused() -> None:
    for change in ({"kind": "Workflow"}, {"apiVersion": "venture.parpour.dev/v1"}):
        with pytest.raises(ValidationError):
            ArtifactBuild.model_validate(BODY | change)


def test_objects_are_values() -> None:
    build = ArtifactBuild.model_validate(BODY)
    with pytest.raises(ValidationError, match="frozen"):
        build.spec.suspend = True  # type: ignore[misc]


def test_moments_are_written_in_rfc_3339() -> None:
    local = datetime(2026, 11, 23, 8, tzinfo=timezone(timedelta(hours=2)))
    assert ArtifactBuildStatus(started_at=local).to_json()["startedAt"] == (
        "2026-11-23T08:00:00+02:00"
    )
    assert ArtifactBuildStatus(started_at=local.astimezone(UTC)).to_json()["startedAt"] == (
        "2026-11-23T06:00:00Z"
    )
    with pytest.raises(ValidationError, match="timezone"):
        ArtifactBuildStatus(started_at=datetime(2026, 11, 23))  # noqa: DTZ001 - the point


@pytest.mark.parametrize(
    ("hit", "cache"), [(None, None), (True, CacheOutcome.HIT), (False, CacheOutcome.MISS)]
)
def test_the_cache_column_follows_the_cache(hit: bool | None, cache: CacheOutcome | None) -> None:
    assert ArtifactBuildStatus(cache_hit=hit).cache == cache


def test_the_size_column_follows_the_artifact() -> None:
    assert ArtifactBuildStatus().size is None
    artifact = Artifact(uri="s3://b/k", sha256=SHA256, size_bytes=48213, media_type="a/b")
    status = ArtifactBuildStatus(artifact=artifact)
    assert status.to_json()["size"] == status.size == "47 KiB"
    assert "cache" not in status.to_json()


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1024 * 1023, "1023 KiB"),
        (1024 * 1024 - 1, "1.0 MiB"),
        (1024 * 1024, "1.0 MiB"),
        (5 * 1024 * 1024 + 400_000, "5.4 MiB"),
    ],
)
def test_sizes_are_written_for_people(size: int, words: str) -> None:
    assert human_size(size) == words


def test_conditions_are_found_by_type() -> None:
    ready = Condition(
        type=ConditionType.READY,
        status=ConditionStatus.TRUE,
        reason="Built",
        message="",
        last_transition_time=datetime(2026, 11, 23, tzinfo=UTC),
        observed_generation=1,
    )
    assert find_condition((ready,), ConditionType.READY) is ready
    assert find_condition((ready,), ConditionType.STALLED) is None


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_the_examples_are_what_they_show(example: Example) -> None:
    body = yaml.safe_load(example.manifest)
    assert ArtifactBuild.model_validate(body).to_json() == body
    if document := body["spec"]["source"].get("inline"):
        assert parse_ir(json.dumps(document).encode()).title == document["title"]
