"""Every constraint of an ArtifactBuild's spec: a manifest at its edge and one past it.

The tables are written by hand, so that they pin the bounds rather than repeat them. The last tests
walk the generated schema and fail where a constraint has no pair here.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from buildspecs import (
    ABSENT,
    CONFIG_MAP,
    FIXED,
    FIXED_FIELDS,
    INLINE,
    OBJECT,
    PAIRS,
    SCHEMA,
    WRONG_TYPES,
    Fixed,
    Json,
    Pair,
)
from venture_core.artifacts.gates import GATE_NAMES


def build(changes: Json | None = None) -> Json:
    """Give a manifest that the API server takes, changed at the given paths."""
    body: Json = {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": "deck"},
        "spec": {
            "target": "Pptx",
            "source": {"configMapRef": dict(CONFIG_MAP)},
            "assets": [{"name": "logo", "objectRef": dict(OBJECT)}],
            "gates": {},
        },
    }
    for path, value in (changes or {}).items():
        node: Any = body
        *parents, last = (int(step) if step.isdigit() else step for step in path.split("."))
        for step in parents:
            node = node[step]
        if value is ABSENT:
            del node[last]
        else:
            node[last] = deepcopy(value)
    return body


@pytest.mark.parametrize("pair", PAIRS, ids=str)
async def test_a_constraint_takes_its_edge_and_refuses_what_lies_past_it(
    api: Any, pair: Pair
) -> None:
    await api.create(build(pair.accepted), dry_run=True)

    causes = await api.refusal(api.create(build(pair.refused), dry_run=True))

    said = [cause["field"] for cause in causes if pair.says in cause["message"]]
    assert said, causes
    assert said[0].startswith(pair.field), causes


@pytest.mark.parametrize("path", WRONG_TYPES)
async def test_a_value_of_another_type_is_refused(api: Any, path: str) -> None:
    changes: Json = {path.replace("[]", ".0"): WRONG_TYPES[path]}
    if path.startswith("spec.source.objectRef."):
        changes = {"spec.source": {"objectRef": dict(OBJECT)}, **changes}
    if path.startswith("spec.theme."):
        changes = {"spec.theme": {"configMapRef": dict(CONFIG_MAP)}, **changes}
    if path.startswith("spec.policyBundleRef."):
        changes = {"spec.policyBundleRef": {"name": "default"}, **changes}

    causes = await api.refusal(api.create(build(changes), dry_run=True))

    field = path.replace("[]", "[0]")
    assert any(
        cause["field"] == field and f"{field} in body must be of type" in cause["message"]
        for cause in causes
    ), causes


@pytest.mark.parametrize("fixed", FIXED_FIELDS, ids=str)
async def test_the_spec_cannot_change(api: Any, fixed: Fixed) -> None:
    await api.create(build(fixed.start))
    for what, patch in fixed.patches.items():
        causes = await api.refusal(api.patch("deck", {"spec": patch}))
        expected = {
            "reason": "FieldValueForbidden",
            "message": f"Forbidden: {FIXED.format(fixed.field)}",
            "field": f"spec.{fixed.field}",
        }
        assert expected in causes, (what, causes)


async def test_the_target_cannot_change(api: Any) -> None:
    await api.create(build({"spec.target": "Docx"}))

    causes = await api.refusal(
        api.call(
            "PATCH",
            f"/apis/venture.parpour.dev/v1alpha1/namespaces/{api.namespace}/artifactbuilds/deck",
            {"spec": {"target": "Pptx"}},
            content_type="application/merge-patch+json",
        )
    )

    assert [cause["field"] for cause in causes] == ["spec.target"]
    assert FIXED.format("target") in causes[0]["message"]


async def test_the_same_spec_again_and_new_metadata_are_accepted(api: Any) -> None:
    created = await api.create(
        build({"spec.source": {"inline": INLINE}, "spec.timeoutSeconds": 60})
    )
    created["metadata"]["labels"] = {"team": "board"}

    updated = await api.call("PUT", api.path("deck"), created)

    assert updated["metadata"]["labels"] == {"team": "board"}
    assert updated["metadata"]["generation"] == 1


async def test_control_fields_can_be_added_changed_and_removed(api: Any) -> None:
    await api.create(build())
    for spec in (
        {"suspend": True, "retry": "1", "ttlSecondsAfterFinished": 60},
        {"suspend": False, "retry": "2", "ttlSecondsAfterFinished": 0},
        {"suspend": None, "retry": None, "ttlSecondsAfterFinished": None},
    ):
        patched = await api.patch("deck", {"spec": spec})
        for name, value in spec.items():
            assert patched["spec"].get(name) == value
    assert patched["metadata"]["generation"] == 4


async def test_an_unknown_field_is_named(api: Any) -> None:
    with pytest.raises(Exception, match=r'strict decoding error: unknown field "spec\.colour"'):
        await api.create(build({"spec.colour": "blue"}))


async def test_the_inline_document_is_kept_as_it_is(api: Any) -> None:
    document: Json = {
        "title": "Ä",
        "slides": [{"values": [1.5, None, 2]}],
        "notes": None,
        "deep": [[]],
    }
    created = await api.create(build({"spec.source": {"inline": document}}))
    assert created["spec"]["source"]["inline"] == document


async def test_defaults_are_few_and_never_null(api: Any) -> None:
    minimal = build({"spec.assets": ABSENT, "spec.gates": ABSENT})
    created = await api.create(minimal)
    assert created["spec"] == minimal["spec"] | {"timeoutSeconds": 300}

    created = await api.create(build({"metadata.name": "gated"}))
    assert created["spec"]["gates"] == dict.fromkeys(GATE_NAMES, True)


def test_every_constraint_has_a_pair(constraints: Any) -> None:
    spec = SCHEMA["properties"]["spec"]
    root = {**SCHEMA, "properties": {"spec": spec}}
    fixed = {("spec", FIXED.format(name)) for name in ("target", *map(str, FIXED_FIELDS))}
    covered = {(pair.path, pair.constraint) for pair in PAIRS} | fixed
    assert covered == {(path, constraint) for path, constraint, _ in constraints(root, "")}


def test_every_field_has_a_value_of_a_wrong_type(nodes: Any) -> None:
    assert set(WRONG_TYPES) == {path for path, _ in nodes(SCHEMA["properties"]["spec"], "spec")}
