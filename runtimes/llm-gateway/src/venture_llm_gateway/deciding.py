"""Whether a task may call a model now: freezes first, then the bundle that its workflow pinned."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
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

        Raises LlmError where the bundle cannot be read now: the same may be allowed later.
        """
        if (frozen := self._freezes.standing(assigned.namespace)) is not None:
            rule = f"freeze/{frozen.name}" if frozen.name else "freeze"
            reason = ReasonCode.FREEZE_MODE_ACTIVE.value
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
            raise LlmError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "policy_unavailable",
                "The policy of this workflow cannot be read now, so nothing may be called.",
                retry=True,
                retry_after=2,
            ) from error
