"""Whether a task may call a model now: freezes first, then the bundle that its workflow pinned."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from venture_core.freezes import FreezesUnseenError
from venture_core.llm.errors import LlmError
from venture_core.policy.decision import ReasonCode
from venture_core.policy.evaluate import evaluate
from venture_core.policy.request import ModelCall
from venture_core.record.bundles import BundleUnavailableError
from venture_crds.v1alpha1.policybundle import Provider

from venture_llm_gateway.decisions import Denial

if TYPE_CHECKING:
    from venture_core.freezes import Freezes
    from venture_core.policy.snapshot import Snapshot
    from venture_core.record.bundles import Bundles

    from venture_llm_gateway.assigned import Assigned

log = structlog.get_logger(__name__)


class PolicyJudge:
    """Decides by what is frozen and by published bundles; what it cannot see is denied."""

    def __init__(self, bundles: Bundles, freezes: Freezes) -> None:
        self._bundles = bundles
        self._freezes = freezes

    async def denial(self, assigned: Assigned, provider: str, model: str) -> Denial | None:
        """Return why a task may not call a model; None where it may.

        Raises LlmError where freezes or the bundle cannot be seen now: the same may be allowed
        later.
        """
        try:
            frozen = self._freezes.in_force(assigned.namespace)
        except FreezesUnseenError as error:
            raise _ask_again("freezes_unseen", f"{error}.") from error
        if frozen is not None:
            rule, reason = f"freeze/{frozen.name}", ReasonCode.FREEZE_MODE_ACTIVE.value
            return Denial(rule=rule, reason_code=reason, message=f"{frozen.sentence}.")
        request = ModelCall(
            namespace=assigned.namespace,
            role=assigned.role,
            now=datetime.now(UTC),
            provider=Provider(provider),
            model=model,
        )
        decision = evaluate(await self._snapshot(assigned), request)
        if decision.allowed:
            return None
        return Denial(
            rule=decision.rule,
            reason_code=decision.reason_code.value,
            message=f"{decision.message}.",
            bundle_hash=decision.bundle_hash or None,
        )

    async def _snapshot(self, assigned: Assigned) -> Snapshot | None:
        try:
            return await self._bundles.governing(assigned.bundle_hash, assigned.baseline_hash)
        except BundleUnavailableError as error:
            log.warning("a policy bundle cannot be read", error=str(error))
            message = "The policy of this workflow cannot be read now, so nothing may be called."
            raise _ask_again("policy_unavailable", message) from error


def _ask_again(code: str, message: str) -> LlmError:
    return LlmError(HTTPStatus.SERVICE_UNAVAILABLE, code, message, retry=True, retry_after=2)
