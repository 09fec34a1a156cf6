"""What is kept in memory of an ArtifactBuild: enough to decide, and no document."""

import json
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild
from venture_operator.domain import retrying
from venture_operator.domain.stubs import is_settled
from venture_operator.kinds.artifactbuild.stub import stub

type Body = dict[str, Any]
TIME = "2026-11-23T12:00:00Z"


def build(**changes: Any) -> Body:
    ready = {"type": "Ready", "status": "True", "reason": "Built", "message": "built 47 KiB"}
    ready |= {"lastTransitionTime": TIME, "observedGeneration": 1}
    body: Body = {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {
            "name": "deck",
            "namespace": "team",
            "uid": "5b3f0d8e-0000-4000-8000-000000000001",
            "resourceVersion": "7",
            "generation": 1,
            "creationTimestamp": TIME,
            "annotations": {"last-applied": "x" * 60_000},
            "managedFields": [{"fieldsV1": {"f": "x" * 1000}}],
        },
        "spec": {"target": "Pptx", "source": {"inline": {"slides": ["x" * 60_000]}}},
        "status": {
            "observedGeneration": 1,
            "conditions": [ready],
            "finishedAt": TIME,
            "gates": [{"name": "contrast", "passed": True, "findings": []}],
        },
    }
    return body | changes


def test_a_finished_build_shrinks_to_what_its_next_life_needs() -> None:
    kept = stub(build())
    assert len(json.dumps(kept)) < 1000
    parsed = ArtifactBuild.model_validate(kept)
    assert retrying.is_settled(parsed)
    assert parsed.metadata.uid == build()["metadata"]["uid"]
    assert parsed.status.finished_at is not None


def test_a_build_at_work_keeps_its_spec_and_status_but_not_its_document() -> None:
    body = build(status={"gates": build()["status"]["gates"], "failures": 1})
    body["spec"] |= {"assets": [{"name": "logo", "objectRef": {"key": "a", "sha256": "0" * 64}}]}
    kept = stub(body)
    assert kept["spec"]["source"] == {"inline": {}}
    assert kept["spec"]["assets"] == body["spec"]["assets"]
    assert kept["status"] == body["status"]
    assert len(json.dumps(kept)) < 1000


def test_a_new_word_to_retry_or_a_new_generation_wakes_a_finished_build() -> None:
    asked = build()
    asked["spec"]["retry"] = "now"
    newer = build()
    newer["metadata"]["generation"] = 2
    for body in (asked, newer):
        assert not is_settled(body)
        assert stub(body)["status"] == body["status"]
    asked["status"]["handledRetry"] = "now"
    assert is_settled(asked)


def test_a_stub_of_a_stub_is_itself() -> None:
    for body in (build(), build(status={})):
        assert stub(stub(body)) == stub(body)


def test_what_is_kept_of_ten_thousand_finished_builds_fits() -> None:
    def size(value: object) -> int:
        own = sys.getsizeof(value)
        if isinstance(value, dict):
            return own + sum(size(key) + size(each) for key, each in value.items())
        if isinstance(value, list):
            return own + sum(size(each) for each in value)
        return own

    assert size(stub(build())) * 10_000 < 100_000_000


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values, json_values)
def test_whatever_somebody_wrote_it_never_raises(spec: Any, status: Any) -> None:
    kept = stub(build(spec=spec, status=status))
    assert kept["metadata"]["name"] == "deck"
