"""Reviews: what is said to an object, with all problems at once, and what is filled in. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from venture_core.policy.admission import admit
from venture_core.policy.compile import BundleError, compile_bundle
from venture_core.policy.request import ObjectRequest
from venture_core.workflows.checks import check
from venture_crds.v1alpha1.policybundle import BundleState, Governed
from venture_crds.v1alpha1.workflow import WorkflowSpec

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.freezes import Frozen
    from venture_core.policy.governing import Governing

    from venture_webhooks.targets import Targets

type Json = dict[str, Any]

MAX_GROUPS: Final = 100
MAX_MESSAGE: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request to the API server, and what its review depends on."""

    operation: str
    kind: str
    namespace: str
    name: str
    body: Json
    user: str
    groups: tuple[str, ...]
    now: datetime
    governing: Governing
    frozen: Frozen | None
    is_operator: bool
    """Whether the operator asks: it makes children for others."""
    targets: Mapping[str, Targets] = field(default_factory=dict)
    """What waits for people, by kind."""


@dataclass(slots=True)
class Answer:
    """What is said: without problems it is let through, with `patches` made (JSON Patch)."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    patches: list[Json] = field(default_factory=list)


type Reviewer = Callable[[Asked, Answer], None]
"""Looks at a request, and adds what it has to say."""


def review(asked: Asked) -> Answer:
    """Return what is said to a request of a kind that the webhooks are asked about."""
    answer = Answer()
    for reviewer in REVIEWERS.get(asked.kind, ()):
        reviewer(asked, answer)
    return answer


def _is_not_frozen(asked: Asked, answer: Answer) -> None:
    # What the operator makes for work that runs it halts itself, and sees a freeze when it may.
    if asked.operation == "CREATE" and asked.frozen is not None and not asked.is_operator:
        answer.problems.append(asked.frozen.sentence)


def _is_governed(asked: Asked, answer: Answer) -> None:
    """Judge a new object by what governs it, and pin that."""
    if asked.operation != "CREATE":
        return
    spec: Json = asked.body.get("spec", {})
    requester = spec.get("requester") or {"user": asked.user, "groups": list(asked.groups)}
    said = admit(
        asked.governing,
        ObjectRequest(
            kind=Governed(asked.kind),
            namespace=asked.namespace,
            name=asked.name,
            spec=spec,
            now=asked.now,
            requester=requester,
        ),
    )
    if said.missing:
        # It may come a moment later, from the same file: until then the operator starts nothing.
        answer.warnings.append(f"nothing starts yet: {said.missing}")
        return
    answer.problems += said.problems
    if said.decision is not None:
        answer.warnings += [
            f"{each.message} (rule {each.rule})"[:MAX_MESSAGE] for each in said.decision.alerts
        ]
    if said.governance.name and said.pin is not None:
        reference = {"name": said.governance.name, "hash": said.pin.hash}
        if spec.get("policyBundleRef") != reference:
            answer.patches.append(
                {"op": "add", "path": "/spec/policyBundleRef", "value": reference}
            )


def _fill_in(place: str) -> Reviewer:
    """Return what fills in who asks, where a client left that out. A policy enforces it."""

    def fill_in(asked: Asked, answer: Answer) -> None:
        if asked.operation != "CREATE" or asked.is_operator:
            return
        if asked.body.get("spec", {}).get(place) is None:
            person = {"user": asked.user, "groups": list(asked.groups[:MAX_GROUPS])}
            answer.patches.append({"op": "add", "path": f"/spec/{place}", "value": person})

    return fill_in


def _word_may_count(asked: Asked, answer: Answer) -> None:
    """Refuse a word that cannot count, where its target is known. The operator decides."""
    spec: Json = asked.body.get("spec", {})
    person: Json = spec.get("approver") or {"user": asked.user, "groups": asked.groups}
    known = asked.targets.get(str(spec.get("targetRef", {}).get("kind")))
    if known is not None and (
        why := known.ruling(asked.namespace, spec, person["user"], person.get("groups", ()))
    ):
        answer.problems.append(why)


def _bundle_compiles(asked: Asked, answer: Answer) -> None:
    """Refuse a bundle that is published and cannot be compiled; of a draft only warn."""
    spec: Json = asked.body.get("spec", {})
    try:
        compile_bundle(spec)
    except BundleError as error:
        found = [f"spec.{problem}" for problem in error.problems]
        if spec.get("state") == BundleState.DRAFT:
            answer.warnings += found
        else:
            answer.problems += found


def _plan_is_sound(asked: Asked, answer: Answer) -> None:
    """Refuse a Workflow with cycles, unknown names or unknown outputs, each by its path."""
    if asked.operation != "CREATE":
        return
    try:
        spec = WorkflowSpec.model_validate(asked.body.get("spec", {}))
    except ValidationError as error:
        # The API server's schema says it better; what it takes and we do not is still refused.
        first = error.errors(include_input=False, include_url=False)[0]
        answer.problems.append(f"spec.{'.'.join(map(str, first['loc']))}: {first['msg']}")
        return
    answer.problems += map(str, check(spec))


REVIEWERS: Final[dict[str, tuple[Reviewer, ...]]] = {
    "PolicyBundle": (_bundle_compiles,),
    "Approval": (_fill_in("approver"), _word_may_count),
    "ArtifactBuild": (_is_not_frozen, _is_governed),
    "MoneyIntent": (_is_not_frozen, _fill_in("requester"), _is_governed),
    "Workflow": (_is_not_frozen, _fill_in("requester"), _plan_is_sound, _is_governed),
}
"""By kind, what is looked at. A kind that brings rules of its own adds a reviewer here."""
