"""Observe a MoneyIntent, decide, and have the treasury hold or release."""

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from venture_core.approvals import Standing as PeoplesStanding
from venture_core.approvals import Target, count, target_digest
from venture_core.policy.ceilings import money_ceilings
from venture_core.record.bundles import BundleUnavailableError
from venture_core.treasury.client import TreasuryRefusedError, TreasuryUnavailableError
from venture_core.treasury.reasons import ReasonCode
from venture_crds.v1alpha1.approval import Approval
from venture_crds.v1alpha1.moneyintent import IntentPhase, IntentReason, MoneyIntent
from venture_crds.v1alpha1.policybundle import Governed
from venture_crds.v1alpha1.reasons import CommonReason

from venture_operator.domain.conditions import Standing
from venture_operator.domain.facts import Subject
from venture_operator.domain.plan import stalled_plan, waiting_plan
from venture_operator.errors import StalledError, TransientError, WaitingError
from venture_operator.kinds.moneyintent.decide import ENDED, Hold, Observed, decide
from venture_operator.kinds.moneyintent.terms import terms_of
from venture_operator.services.admission import Admitting, request_of
from venture_operator.storage.watched import ObjectKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from enum import StrEnum

    from venture_core.treasury.client import TreasuryClient
    from venture_core.treasury.models import Intent
    from venture_crds.v1alpha1.meta import ObjectMeta
    from venture_crds.v1alpha1.moneyintent import MoneyIntentStatus

    from venture_operator.domain.facts import Fact
    from venture_operator.kinds.moneyintent.decide import Action, IntentPlan
    from venture_operator.services.kind import Shared

WAIT_SECONDS: Final = 5.0
FUNDS_SECONDS: Final = 15.0
_LATER: Final = {
    ReasonCode.INSUFFICIENT_FUNDS: (IntentReason.WAITING_FOR_FUNDS, FUNDS_SECONDS),
    ReasonCode.BUDGET_EXCEEDED: (IntentReason.WAITING_FOR_FUNDS, FUNDS_SECONDS),
    ReasonCode.UNKNOWN_BUDGET: (IntentReason.WAITING_FOR_WORKFLOW, WAIT_SECONDS),
    ReasonCode.FREEZE_MODE_ACTIVE: (IntentReason.FROZEN, WAIT_SECONDS),
    ReasonCode.INTENT_EXPIRED: (IntentReason.NOT_APPROVED, 1.0),
}
"""Refusals that pass, or that the next look explains."""


class MoneyIntentService:
    """What is special about MoneyIntents (see `services.reconciler.Service`)."""

    def __init__(self, shared: Shared, treasury: TreasuryClient | None) -> None:
        self._shared = shared
        self._treasury = treasury
        self._admitting = Admitting(shared.client, shared.governing)

    def subject(self, metadata: ObjectMeta) -> Subject:
        """Return the intent itself."""
        return Subject(UUID(metadata.uid))

    def phase(self, work: MoneyIntent, standing: Standing) -> StrEnum:
        """Return the phase for people."""
        if standing is Standing.STALLED:
            return IntentPhase.REJECTED
        return work.status.phase or IntentPhase.REQUESTED

    def waiting(
        self, work: MoneyIntent, reason: str, message: str, after_seconds: float, now: datetime
    ) -> IntentPlan:
        """Return the plan for what is not there yet, or does not answer."""
        phase = self.phase(work, Standing.WORKING)
        return waiting_plan(work, reason, message, now, after_seconds=after_seconds, phase=phase)

    def stalled(self, work: MoneyIntent, reason: str, message: str, now: datetime) -> IntentPlan:
        """Return the plan for what cannot be held."""
        return stalled_plan(work, reason, message, now, phase=IntentPhase.REJECTED, finished_at=now)

    async def decide(self, work: MoneyIntent, now: datetime) -> IntentPlan:
        """Ask policy, people and ledger for what still matters, and decide."""
        metadata, status = work.metadata, work.status
        ended = status.phase in ENDED
        digest = target_digest("MoneyIntent", metadata.uid, self._stored_spec(work))
        ledger = None if ended or status.decision is None else await self._ledger(metadata.uid)
        admission = None
        if not ended and status.decision is None:
            kind, requester = Governed.MONEY_INTENT, work.spec.requester
            asked = request_of(kind, metadata, work.spec.to_json(), requester, now)
            admission = await self._admitting.judge(asked)
        frozen = self._shared.freezes.standing(metadata.namespace)
        observed = Observed(
            intent=work,
            digest=status.target_digest or digest,
            ledger=ledger,
            admission=admission,
            standing=self._standing(work, digest, now) if ledger is None else None,
            frozen=None if frozen is None else frozen.sentence,
            killed=frozen is not None and frozen.is_kill,
        )
        return decide(observed, now)

    async def act(
        self, work: MoneyIntent, action: Action, status: MoneyIntentStatus | None, now: datetime
    ) -> MoneyIntentStatus | None:
        """Hold or release; the next look finds what the ledger says then."""
        del now
        if isinstance(action, Hold):
            await self._hold(work)
        else:
            await self._void(work.metadata.uid)
        return status

    async def gone(self, metadata: ObjectMeta) -> Sequence[Fact]:
        """Release what a deleted intent held: the ledger follows the object."""
        await self._void(metadata.uid)
        return ()

    async def _hold(self, intent: MoneyIntent) -> None:
        pinned, spec = intent.status.policy_bundle, intent.spec
        own = pinned.hash if pinned else None
        try:
            snapshot = await self._shared.bundles.governing(
                own, pinned.baseline_hash if pinned else None
            )
        except BundleUnavailableError as error:
            raise TransientError(CommonReason.RECORD_UNAVAILABLE, str(error)) from error
        ceilings = None if snapshot is None else money_ceilings(snapshot, spec.merchant.id)
        if ceilings is None:
            raise StalledError(IntentReason.TERMS_REFUSED, "its bundle lets nobody pay this")
        terms = terms_of(intent, ceilings, self._workflow_uid(intent))
        try:
            await self._client().hold(UUID(intent.metadata.uid), terms)
        except TreasuryRefusedError as error:
            raise _refused(error) from error
        except TreasuryUnavailableError as error:
            raise _unavailable(error) from error

    async def _void(self, uid: str) -> None:
        if self._treasury is None:
            return
        try:
            await self._treasury.void(UUID(uid))
        except TreasuryRefusedError as error:
            raise _refused(error) from error
        except TreasuryUnavailableError as error:
            raise _unavailable(error) from error

    async def _ledger(self, uid: str) -> Intent | None:
        try:
            return await self._client().intent(UUID(uid))
        except TreasuryRefusedError as error:
            raise _refused(error) from error
        except TreasuryUnavailableError as error:
            raise _unavailable(error) from error

    def _client(self) -> TreasuryClient:
        if self._treasury is None:
            raise WaitingError(
                IntentReason.TREASURY_UNAVAILABLE,
                "the operator knows of no treasury: set VENTURE_TREASURY_URL",
                after_seconds=FUNDS_SECONDS,
            )
        return self._treasury

    def _stored_spec(self, intent: MoneyIntent) -> Mapping[str, Any]:
        """Return the spec as the API server stores it: that is what people approve."""
        key = ObjectKey(intent.metadata.namespace, intent.metadata.name)
        body = self._shared.watched[intent.kind].get(key)
        stored: Mapping[str, Any] = intent.spec.to_json() if body is None else body["spec"]
        return stored

    def _standing(self, intent: MoneyIntent, digest: str, now: datetime) -> PeoplesStanding | None:
        """Return what people say, None where nobody is asked."""
        decision, requester = intent.status.decision, intent.spec.requester
        if decision is None or decision.action != "RequireApproval":
            return None
        target = Target(
            uid=intent.metadata.uid,
            digest=digest,
            requester=requester.user if requester else "",
            since=decision.decided_at.replace(microsecond=0),
            quorum=decision.quorum,
            ttl_seconds=decision.ttl_seconds,
        )
        given = [
            Approval.model_validate(body)
            for body in self._shared.approvals.all()
            if body["metadata"].get("namespace") == intent.metadata.namespace
            and body["spec"]["targetRef"]["uid"] == intent.metadata.uid
        ]
        return count(given, target, now)

    def _workflow_uid(self, intent: MoneyIntent) -> str | None:
        reference = intent.spec.workflow_ref
        if reference is None:
            return None
        key = ObjectKey(intent.metadata.namespace, reference.name)
        body = self._shared.watched["Workflow"].get(key)
        if body is None:
            raise WaitingError(
                IntentReason.WAITING_FOR_WORKFLOW,
                f"there is no Workflow {reference.name}",
                after_seconds=WAIT_SECONDS,
            )
        return str(body["metadata"]["uid"])


def _refused(error: TreasuryRefusedError) -> StalledError | WaitingError:
    if error.code in _LATER:
        reason, after = _LATER[error.code]
        return WaitingError(reason, str(error), after_seconds=after)
    return StalledError(IntentReason.TERMS_REFUSED, str(error))


def _unavailable(error: TreasuryUnavailableError) -> WaitingError:
    return WaitingError(IntentReason.TREASURY_UNAVAILABLE, str(error), after_seconds=WAIT_SECONDS)
