"""Whether a Workflow may begin, and which bundle governs it from then on."""

from typing import TYPE_CHECKING

from venture_core.policy.admission import Admission, admit
from venture_core.policy.governing import DEFAULT_BUNDLE, BundleName, Governance
from venture_core.policy.request import ObjectRequest
from venture_crds.v1alpha1.policybundle import Governed

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.policy.governing import Governing
    from venture_crds.v1alpha1.workflow import Workflow

    from venture_operator.storage.objects import Objects


class Admissions:
    """Asks the policy about Workflows that begin; the webhook asked it before."""

    def __init__(self, governing: Governing, bundles: Objects) -> None:
        self._governing = governing
        self._bundles = bundles

    async def of(self, workflow: Workflow, now: datetime) -> Admission:
        """Return what the policy says. Raises KubernetesError."""
        metadata, spec = workflow.metadata, workflow.spec
        wanted = spec.policy_bundle_ref.name if spec.policy_bundle_ref else DEFAULT_BUNDLE
        name = BundleName(metadata.namespace, wanted)
        if self._governing.get(name) is None and await self._exists(name):
            # Only the API server can say that there is none: the watch may not have told of it.
            return Admission(Governance(missing=f"{name} is not published yet"))
        request = ObjectRequest(
            kind=Governed.WORKFLOW,
            namespace=metadata.namespace,
            name=metadata.name,
            spec=spec.to_json(),
            now=now,
            requester=spec.requester.to_json() if spec.requester else {},
        )
        said = admit(self._governing, request)
        if said.governance.snapshot is None and not said.missing:
            missing = f"no bundle governs {metadata.namespace}: publish {name}"
            return Admission(Governance(missing=missing))
        return said

    async def _exists(self, name: BundleName) -> bool:
        return await self._bundles.get(name.namespace, name.name) is not None
