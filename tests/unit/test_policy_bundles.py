"""Which bundle governs, what is said to an object, and what becomes of a PolicyBundle."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from policybundles import bundle, manifest
from venture_core.policy.admission import admit
from venture_core.policy.compile import BundleError, compile_bundle
from venture_core.policy.governing import BundleName, Governing, Known
from venture_core.policy.request import ObjectRequest
from venture_crds.v1alpha1.policybundle import BundleState, Governed, PolicyBundle
from venture_operator.kinds.policybundle.decide import Observed, Store, decide

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
NAMES = {"own": BundleName("team", "default"), "base": BundleName("platform", "baseline")}


def known(state: BundleState = BundleState.PUBLISHED, **changes: Any) -> Known:
    content = bundle(**changes)
    return Known("uid", content["version"], state, compile_bundle(content))


def build(target: str = "Pptx", **reference: str) -> ObjectRequest:
    spec: dict[str, Any] = {"target": target}
    if reference:
        spec["policyBundleRef"] = reference
    return ObjectRequest(
        kind=Governed.ARTIFACT_BUILD, namespace="team", name="x", spec=spec, now=NOW
    )


def test_a_build_needs_no_bundle_where_none_governs_and_a_workflow_does() -> None:
    nobody = Governing()
    said = admit(nobody, build())
    assert (said.missing, said.problems, said.pin) == ("", (), None)
    workflow = ObjectRequest(kind=Governed.WORKFLOW, namespace="team", name="x", spec={}, now=NOW)
    assert "no PolicyBundle governs" in admit(nobody, workflow).missing


def test_the_default_bundle_of_the_namespace_governs_and_is_pinned() -> None:
    governing = Governing()
    governing.put(NAMES["own"], own := known())
    said = admit(governing, build())
    assert said.problems == ()
    assert said.pin is not None
    assert own.snapshot is not None
    assert (said.pin.name, said.pin.version, said.pin.hash) == (
        "default",
        "1.0.0",
        own.snapshot.hash,
    )
    assert "rule default of bundle sha256:" in admit(governing, build("Docx")).problems[0]


@pytest.mark.parametrize(
    ("bundle_known", "reference", "words"),
    [
        (None, {"name": "other"}, "there is no PolicyBundle team/other"),
        (known(BundleState.DRAFT), {"name": "default"}, "is a draft"),
        (known(BundleState.DEPRECATED), {}, "is deprecated"),
        (Known("uid", "1.0.0", BundleState.PUBLISHED, None), {}, "cannot be compiled"),
    ],
)
def test_what_does_not_govern_is_missed(
    bundle_known: Known | None, reference: dict[str, str], words: str
) -> None:
    governing = Governing()
    if bundle_known is not None:
        governing.put(NAMES["own"], bundle_known)
    assert words in admit(governing, build(**reference)).missing


def test_the_baseline_governs_everywhere_and_its_absence_stops_everything() -> None:
    governing = Governing(NAMES["base"])
    assert "baseline" in admit(governing, build()).missing
    governing.put(NAMES["base"], known(version="9.0.0"))
    alone = admit(governing, build())
    assert alone.pin is not None
    assert (alone.pin.name, alone.pin.version, alone.pin.baseline_hash) == ("", "9.0.0", None)
    governing.put(NAMES["own"], known())
    both = admit(governing, build())
    assert both.pin is not None
    assert both.pin.baseline_hash == alone.pin.hash
    assert both.pin.hash != alone.pin.hash


def test_a_hash_that_does_not_govern_is_refused() -> None:
    governing = Governing()
    governing.put(NAMES["own"], known())
    stale = admit(governing, build(name="default", hash="sha256:" + "0" * 64))
    assert "spec.policyBundleRef.hash" in stale.problems[0]
    governing.remove(NAMES["own"], "another uid")
    assert admit(governing, build()).pin is not None
    governing.remove(NAMES["own"], "uid")
    assert admit(governing, build()).pin is None


def stored(state: str, status: dict[str, Any] | None = None) -> PolicyBundle:
    body = manifest(state=state)
    body["metadata"] |= {
        "namespace": "team",
        "uid": "6a4c8a10-5b7e-4d0a-9d7e-1f2a3b4c5d6e",
        "generation": 1,
    }
    if status is not None:
        body["status"] = status
    return PolicyBundle.model_validate(body)


def decided(work: PolicyBundle) -> Any:
    return decide(Observed(work, compile_bundle(bundle())), NOW)


def test_a_draft_governs_nothing_and_says_what_it_would_be() -> None:
    plan = decided(stored("Draft"))
    assert (plan.facts, plan.actions) == ((), ())
    assert plan.status.phase == "Draft"
    assert plan.status.content_hash == compile_bundle(bundle()).hash


def test_a_bundle_is_published_once() -> None:
    plan = decided(stored("Published"))
    assert [each.event_type for each in plan.facts] == ["policy.bundle.published.v1"]
    assert plan.actions == (Store(),)
    again = decided(stored("Published", plan.status.to_json()))
    assert (again.facts, again.actions) == ((), ())
    assert again.status.published_at == NOW
    assert again.requeue_after_seconds == 60
    used = decide(Observed(stored("Published"), compile_bundle(bundle()), used_by=3), NOW)
    assert used.status is not None
    assert used.status.used_by == 3


def test_a_deprecated_bundle_says_so_once() -> None:
    published = decided(stored("Published")).status.to_json()
    plan = decided(stored("Deprecated", published))
    assert [each.event_type for each in plan.facts] == ["policy.bundle.deprecated.v1"]
    again = decided(stored("Deprecated", plan.status.to_json()))
    assert (again.facts, again.actions) == ((), ())


def test_what_cannot_be_compiled_says_where() -> None:
    with pytest.raises(BundleError) as error:
        compile_bundle(bundle(rules=[{"id": "x"}]))
    plan = decide(Observed(stored("Published"), None, str(error.value)), NOW)
    assert plan.status is not None
    conditions = {each.type: each for each in plan.status.conditions}
    assert conditions["Stalled"].status == "True"
    assert "rules[0].appliesTo" in conditions["Stalled"].message
