"""Whether an object may be accepted: the one judgement of the webhook and of the operator."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_crds.v1alpha1.policybundle import Governed
from venture_crds.v1alpha1.policyref import PinnedBundle

from venture_core.policy.evaluate import evaluate
from venture_core.policy.governing import DEFAULT_BUNDLE, Governance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.policy.decision import Decision, Finding
    from venture_core.policy.governing import Governing
    from venture_core.policy.request import ObjectRequest

FREE_WITHOUT_BUNDLE: Final = frozenset({Governed.ARTIFACT_BUILD})
"""What may be made where no bundle governs at all: it spends nothing and reaches nothing."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What is said to an object that is to be accepted.

    `missing` says why nobody can say yet; `problems` everything that stands against it. With
    neither it may be accepted, pinned to `pin` (None where no bundle governs), perhaps after people
    approved: then `decision` says so.
    """

    governance: Governance
    decision: Decision | None = None
    problems: tuple[str, ...] = ()

    @property
    def missing(self) -> str:
        """Why nobody can say yet; empty where it can be said."""
        return self.governance.missing

    @property
    def pin(self) -> PinnedBundle | None:
        """What the object is to be pinned to."""
        snapshot = self.governance.snapshot
        if snapshot is None:
            return None
        return PinnedBundle(
            name=self.governance.name,
            version=self.governance.version,
            hash=snapshot.hash,
            baseline_hash=snapshot.baseline_hash,
        )


def admit(governing: Governing, request: ObjectRequest) -> Admission:
    """Judge an object that is new, by the bundle that it names in `policyBundleRef`."""
    reference = request.spec.get("policyBundleRef")
    reference = reference if isinstance(reference, dict) else {}
    governance = governing.governs(request.namespace, _name_in(reference))
    if not governance.missing and governance.snapshot is None and not is_free(request.kind):
        missing = f"no PolicyBundle governs {request.namespace}: publish one named {DEFAULT_BUNDLE}"
        governance = Governance(missing=missing)
    if governance.missing:
        return Admission(governance)
    decision: Decision | None = None
    problems: list[str] = []
    if governance.snapshot is not None:
        decision = evaluate(governance.snapshot, request)
        problems += map(sentence, decision.denials)
    problems += _pinned_otherwise(reference, governance)
    return Admission(governance, decision, tuple(dict.fromkeys(problems)))


def may_be_warm(governing: Governing, namespace: str, name: str | None) -> bool:
    """Return whether builds of a namespace may be given to a Job that was started ahead of them.

    `name` is of the bundle that governs them, None where none is named. While nobody can say: no.
    """
    governance = governing.governs(namespace, name or None)
    if governance.missing:
        return False
    layers = governance.snapshot.layers if governance.snapshot is not None else ()
    said = [each.spec.artifacts.warm_workers for each in layers if each.spec.artifacts is not None]
    return False not in said


def is_free(kind: Governed) -> bool:
    """Return whether it may be made where no bundle governs at all."""
    return kind in FREE_WITHOUT_BUNDLE


def sentence(finding: Finding) -> str:
    """Return what a finding says, with its rule and bundle, for a person."""
    of = f" of bundle {finding.bundle_hash[:19]}" if finding.bundle_hash else ""
    return f"{finding.message} (rule {finding.rule}{of}, {finding.reason_code})"


def _pinned_otherwise(reference: Mapping[str, Any], governance: Governance) -> list[str]:
    given = reference.get("hash")
    governs = governance.snapshot.hash if governance.snapshot is not None else None
    if given is None or given == governs:
        return []
    return [
        f"spec.policyBundleRef.hash is not that of the bundle that governs now, {governs}: "
        "leave it out, and it is filled in"
    ]


def _name_in(reference: Mapping[str, Any]) -> str | None:
    name = reference.get("name")
    return name if isinstance(name, str) else None
