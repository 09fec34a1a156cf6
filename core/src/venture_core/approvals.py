"""Approvals: what exactly is approved, and whose word counts. Everything here is pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from venture_crds.v1alpha1.approval import Approval, ApprovalDecision, ApprovalSpec

from venture_core.canonical import canonical_json, sha256_hex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONTROL: Final = frozenset({"suspend", "shutdown", "retry", "revoke"})
"""Fields of a spec that are no part of what is approved: they only hold back or start again."""


def target_digest(
    kind: str,
    uid: str,
    spec: Mapping[str, Any],
    outputs: Mapping[str, Any] | None = None,
    *,
    occasion: str = "",
) -> str:
    """Return `sha256:` and the digest of what is approved; any change of it needs new approvals.

    `spec` is as the API server stores it; for an approval task it is the task's Workflow's, and
    `outputs` what the task depends on. `occasion` tells apart what is asked anew: what was said
    before does not count. Raises CanonicalJsonError for what is no I-JSON.
    """
    approved: dict[str, Any] = {
        "kind": kind,
        "uid": uid,
        "spec": {name: value for name, value in spec.items() if name not in CONTROL},
    }
    if outputs is not None:
        approved["outputs"] = outputs
    if occasion:
        approved["occasion"] = occasion
    return f"sha256:{sha256_hex(canonical_json(approved))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What waits for people, since when, and for whom."""

    uid: str
    digest: str
    requester: str
    """The user who asked for it, whose own word never counts."""
    since: datetime
    """When it began to wait. The creation times of approvals have whole seconds."""
    quorum: int
    ttl_seconds: int
    """After so long without a decision it is denied."""
    task: str | None = None
    groups: frozenset[str] = frozenset()
    """Of which one an approver has to be a member; empty: anybody may approve who has the right."""

    @property
    def expires_at(self) -> datetime:
        """When the wait is over."""
        return self.since + timedelta(seconds=self.ttl_seconds)


class Verdict(StrEnum):
    """How people decided."""

    WAITING = "Waiting"
    APPROVED = "Approved"
    DENIED = "Denied"
    EXPIRED = "Expired"
    """Nobody decided in time, which is a denial."""


class Ruling(StrEnum):
    """Why a word counts, or does not."""

    COUNTED = "Counted"
    OTHER_TARGET = "OtherTarget"
    CHANGED = "ChangedSince"
    """The target is not what was approved any more."""
    OWN_REQUEST = "OwnRequest"
    NO_PERSON = "NoPerson"
    """It names nobody, or a user of the system: a service account, a node."""
    NOT_ASKED = "NotAsked"
    TWICE = "SaidBefore"
    LATE = "TooLate"
    DECIDED = "AlreadyDecided"


SENTENCES: Final[Mapping[Ruling, str]] = {
    Ruling.CHANGED: "what was decided on has changed since, or does not wait any more",
    Ruling.OTHER_TARGET: "no object of that kind and name has that uid",
    Ruling.OWN_REQUEST: "{user} asked for it, and nobody's own word counts",
    Ruling.NO_PERSON: "{user} is no person",
    Ruling.NOT_ASKED: "{user} is in none of the groups that are asked: {groups}",
    Ruling.TWICE: "{user} approved it before, and one person counts once",
}
"""Why a word does not count, for the person whose word it is."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a target stands with the people it waits for."""

    verdict: Verdict
    required: int
    by: tuple[str, ...] = ()
    """Who approved, in the order of their words."""
    denied_by: str | None = None
    rulings: Mapping[str, Ruling] = field(default_factory=dict)
    """What became of each approval, by its uid."""

    @property
    def granted(self) -> int:
        """How many people approved."""
        return len(self.by)


def count(approvals: Iterable[Approval], target: Target, now: datetime) -> Standing:
    """Return where a target stands, by all approvals that may be meant for it.

    Their order does not matter: they are taken by the time of their creation. The first denial that
    counts decides, and so does the word that reaches the quorum; what comes later changes nothing.
    Whoever calls keeps the verdict: deleting an approval takes nothing back.
    """
    by: list[str] = []
    rulings: dict[str, Ruling] = {}
    verdict, denied_by = Verdict.WAITING, None
    for approval in sorted(approvals, key=_moment):
        ruling = _ruling(approval, target, by, verdict)
        rulings[approval.metadata.uid] = ruling
        if ruling is not Ruling.COUNTED or approval.spec.approver is None:
            continue
        user = approval.spec.approver.user
        if approval.spec.decision is ApprovalDecision.DENY:
            verdict, denied_by = Verdict.DENIED, user
        else:
            by.append(user)
            verdict = Verdict.APPROVED if len(by) >= target.quorum else verdict
    if verdict is Verdict.WAITING and now >= target.expires_at:
        verdict = Verdict.EXPIRED
    return Standing(verdict, target.quorum, tuple(by), denied_by, rulings)


def ruling_on(user: str, groups: Iterable[str], requester: str, asked: Iterable[str]) -> Ruling:
    """Return whether somebody's word counts, or why not, whatever it says.

    `asked` are the groups of which one they have to be a member; none: anybody may say it.
    """
    if not user or user.startswith("system:"):
        return Ruling.NO_PERSON
    if user == requester:
        return Ruling.OWN_REQUEST
    if (wanted := {*asked}) and not wanted & {*groups}:
        return Ruling.NOT_ASKED
    return Ruling.COUNTED


def objection(spec: ApprovalSpec, digest: str, requester: str) -> Ruling | None:
    """Return why somebody's word on what has this digest cannot count, whatever others say.

    None where nothing stands against it by itself. `requester` is the user who asked.
    """
    if spec.target_digest != digest:
        return Ruling.CHANGED
    user = spec.approver.user if spec.approver is not None else ""
    ruling = ruling_on(user, (), requester, ())
    return None if ruling is Ruling.COUNTED else ruling


def _ruling(approval: Approval, target: Target, by: list[str], verdict: Verdict) -> Ruling:
    spec, approver = approval.spec, approval.spec.approver
    user = approver.user if approver is not None else ""
    groups = approver.groups if approver is not None else ()
    created = approval.metadata.creation_timestamp
    if (spec.target_ref.uid, spec.target_ref.task_name) != (target.uid, target.task):
        return Ruling.OTHER_TARGET
    if spec.target_digest != target.digest:
        return Ruling.CHANGED
    asked = ruling_on(user, groups, target.requester, target.groups)
    objections = (
        (asked is not Ruling.COUNTED, asked),
        (created is None or created >= target.expires_at, Ruling.LATE),
        (verdict is not Verdict.WAITING, Ruling.DECIDED),
        (user in by and spec.decision is ApprovalDecision.APPROVE, Ruling.TWICE),
    )
    return next((ruling for holds, ruling in objections if holds), Ruling.COUNTED)


def _moment(approval: Approval) -> tuple[str, str]:
    created = approval.metadata.creation_timestamp
    return created.isoformat() if created else "", approval.metadata.uid
