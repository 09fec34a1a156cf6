"""The status of an ArtifactBuild: its own subresource, bounded, merged condition by condition."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import yaml
from surroundings import REPOSITORY
from venture_crds.v1alpha1.artifactbuild import (
    Artifact,
    ArtifactBuildStatus,
    Finding,
    GateOutcome,
    Phase,
    Provenance,
    Thumbnail,
)
from venture_crds.v1alpha1.conditions import Condition, ConditionStatus, ConditionType
from venture_crds.v1alpha1.lifecycle import JobStatus
from venture_crds.v1alpha1.policyref import PinnedBundle

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

CRD: Final = yaml.safe_load((REPOSITORY / "crds/manifests/artifactbuilds.yaml").read_text())
SCHEMA: Final = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]

SHA256: Final = "0123456789abcdef" * 4
NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
BUILD: Final = {
    "apiVersion": "venture.parpour.dev/v1alpha1",
    "kind": "ArtifactBuild",
    "metadata": {"name": "deck"},
    "spec": {"target": "Pptx", "source": {"inline": {}}},
}
FULL: Final = ArtifactBuildStatus(
    phase=Phase.READY,
    observed_generation=1,
    conditions=(
        Condition(
            type=ConditionType.READY,
            status=ConditionStatus.TRUE,
            reason="Built",
            message="The deck is built.",
            last_transition_time=NOW,
            observed_generation=1,
        ),
    ),
    cache_key=f"sha256:{SHA256}",
    cache_hit=False,
    artifact=Artifact(
        uri=f"s3://venture/artifacts/sha256/{SHA256}/artifact",
        sha256=SHA256,
        size_bytes=48_213,
        media_type="application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    provenance=Provenance(uri="s3://venture/statement", sha256=SHA256, key_id="2026-11"),
    thumbnail=Thumbnail(uri="s3://venture/first.png", sha256=SHA256, size_bytes=11_800),
    gates=(
        GateOutcome(
            name="contrast",
            passed=False,
            findings=(Finding(slide=1, element="title", message="Too faint."),),
            findings_omitted=2,
        ),
    ),
    document_sha256=SHA256,
    policy_bundle=PinnedBundle(
        name="default",
        version="1.0.0",
        hash=f"sha256:{SHA256}",
        baseline_hash=f"sha256:{SHA256}",
    ),
    job=JobStatus(name="deck-compile-1", attempt=1, uid="6622053a-5ec9-49b4-bf2a-069588e7037f"),
    failures=1,
    retry_at=NOW,
    started_at=NOW,
    finished_at=NOW,
    handled_retry="1",
)

BREAKS: Final = {
    "must be one CamelCase word": "not ready",
    "must be a SHA-256 digest: 64 lowercase hexadecimal digits": "G" * 64,
    "must be 'sha256:' and 64 lowercase hexadecimal digits": "sha1:abc",
    "must be a semantic version: major.minor.patch": "1.0",
    "must be the name of a Kubernetes object: lowercase letters, digits, '-' and '.', "
    "starting and ending with a letter or digit": "A job",
}
"""For each rule, by its message, a value that breaks it."""

type Json = dict[str, Any]
type Edge = tuple[Any, Any, str]


def get(status: Json, path: str) -> Any:
    value: Any = {"status": status}
    for step in path.replace("[]", ".0").split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    return value


def changed(path: str, value: Any) -> Json:
    """Give the full status with one value set, or left out where it is None."""
    status = deepcopy(FULL.to_json())
    parent, _, last = path.replace("[]", ".0").rpartition(".")
    if parent == "status" or not parent:
        node: Any = status
    else:
        node = get(status, parent)
    if value is None:
        del node[last]
    else:
        node[int(last) if last.isdigit() else last] = value
    return status


def edge(path: str, constraint: str, schema: Json) -> Edge:
    """Give a value that satisfies a constraint, one that does not, and what is said about it."""
    now = get(FULL.to_json(), path)
    if constraint in schema:
        return limit_edge(constraint, schema, now)
    if constraint == "required":
        return now, None, "Required value"
    if constraint.startswith("unique "):
        return now, [now[0], now[0]], "Duplicate value"
    return now, BREAKS[constraint], constraint


def limit_edge(keyword: str, schema: Json, now: Any) -> Edge:
    """Give the same for a constraint with a limit: the limit itself, and one beyond."""
    limit: Any = schema[keyword]
    beyond: dict[str, Callable[[], Edge]] = {
        "enum": lambda: (limit[-1], "Other", "supported values"),
        "maxLength": lambda: (longest(schema, now), "x" * (limit + 1), f"more than {limit}"),
        "minLength": lambda: ("x" * limit, "x" * (limit - 1), f"at least {limit} chars long"),
        "minimum": lambda: (limit, limit - 1, f"greater than or equal to {limit}"),
        "maximum": lambda: (limit, limit + 1, "less than or equal to"),
        "maxItems": lambda: (
            items(now[0], limit),
            items(now[0], limit + 1),
            f"at most {limit} items",
        ),
    }
    return beyond[keyword]()


def longest(schema: Json, now: str) -> str:
    """Give the longest text, or the present one where a rule or a format says more."""
    free = not {"x-kubernetes-validations", "format"} & schema.keys()
    return "x" * schema["maxLength"] if free else now


def items(item: Json, count: int) -> list[Json]:
    """Give items that differ in what could be their key."""
    key = next((name for name in ("type", "name") if name in item), None)
    return [item | ({key: f"N{number}"} if key else {}) for number in range(count)]


async def test_every_constraint_takes_its_edge_and_refuses_what_lies_past_it(
    api: Any, constraints: Any, subtests: pytest.Subtests
) -> None:
    await api.create(BUILD)
    tried = 0
    for path, constraint, schema in constraints(SCHEMA, "status"):
        good, bad, says = edge(path, constraint, schema)
        with subtests.test(f"{path} {constraint}"):
            await api.set_status("deck", changed(path, good))
            causes = await api.refusal(api.set_status("deck", changed(path, bad)))
            field = path.replace("[]", "[0]")
            assert any(
                says in cause["message"] and cause["field"].startswith(field) for cause in causes
            ), causes
        tried += 1
    assert tried > 50


async def test_a_moment_must_be_one(api: Any, nodes: Any, subtests: pytest.Subtests) -> None:
    await api.create(BUILD)
    moments = [path for path, node in nodes(SCHEMA, "status") if node.get("format") == "date-time"]
    assert len(moments) == 4
    for path in moments:
        with subtests.test(path):
            causes = await api.refusal(api.set_status("deck", changed(path, "tomorrow")))
            assert causes[0]["field"] == path.replace("[]", "[0]")
            assert "date-time" in causes[0]["message"]


async def test_a_status_survives_the_api_server_unchanged(api: Any) -> None:
    await api.create(BUILD)
    patched = await api.set_status("deck", FULL.to_json())
    assert patched["status"] == FULL.to_json()
    assert ArtifactBuildStatus.model_validate(patched["status"]) == FULL


async def test_the_status_is_written_through_its_subresource_only(api: Any) -> None:
    created = await api.create({**BUILD, "status": {"phase": "Ready"}})
    assert "status" not in created

    patched = await api.patch("deck", {"status": {"phase": "Ready"}})
    assert "status" not in patched

    change = {"status": {"phase": "Ready"}, "spec": {"suspend": True}, "metadata": {"labels": None}}
    patched = await api.patch("deck", change, "status")
    assert patched["status"] == {"phase": "Ready"}
    assert "suspend" not in patched["spec"]
    assert patched["metadata"]["generation"] == 1


async def test_applied_conditions_merge_by_type_and_gates_by_name(api: Any) -> None:
    await api.create(BUILD)
    ready = FULL.to_json()["conditions"][0]
    audited = {**ready, "type": "Audited"}
    contrast = {"name": "contrast", "passed": True}

    def applied(status: Json) -> Json:
        identity = {key: BUILD[key] for key in ("apiVersion", "kind", "metadata")}
        return {**identity, "status": status}

    operator: Json = {"conditions": [ready], "gates": [contrast]}
    auditor: Json = {"conditions": [audited], "gates": [{"name": "brand", "passed": False}]}
    await api.apply("deck", applied(operator), "operator", "status")
    both = await api.apply("deck", applied(auditor), "auditor", "status")
    assert [one["type"] for one in both["status"]["conditions"]] == ["Ready", "Audited"]
    assert [one["name"] for one in both["status"]["gates"]] == ["contrast", "brand"]

    rest = await api.apply("deck", applied({"conditions": [audited]}), "auditor", "status")
    assert [one["type"] for one in rest["status"]["conditions"]] == ["Ready", "Audited"]
    assert [one["name"] for one in rest["status"]["gates"]] == ["contrast"]
