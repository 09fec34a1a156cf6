"""The operator's own look at policy: what slipped past admission is refused, in equal words."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.resources import POLICY_BUNDLES
from venture_core.policy.admission import Admission, admit
from venture_core.policy.governing import DEFAULT_BUNDLE, BundleName, Governance
from venture_core.policy.request import ObjectRequest
from venture_crds.v1alpha1.reasons import CommonReason

from venture_operator.errors import StalledError, WaitingError

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.policy.governing import Governing
    from venture_crds.v1alpha1.meta import ObjectMeta
    from venture_crds.v1alpha1.persons import Person
    from venture_crds.v1alpha1.policybundle import Governed

LOOK_AGAIN_SECONDS: Final = 5.0


class Admitting:
    """Judges objects before anything is done for them. The client may get policybundles."""

    def __init__(self, client: KubernetesClient, governing: Governing) -> None:
        self._client = client
        self._governing = governing

    async def judge(self, request: ObjectRequest) -> Admission:
        """Return what the policy says to an object. Raises KubernetesError."""
        said = admit(self._governing, request)
        if said.missing or said.governance.name:
            return said
        # A bundle that the watch has not told of yet governs, too: only the API server can say.
        if await self._client.get(POLICY_BUNDLES, DEFAULT_BUNDLE, request.namespace) is None:
            return said
        name = BundleName(request.namespace, DEFAULT_BUNDLE)
        return Admission(Governance(missing=f"{name} is not read yet"))

    async def require(self, request: ObjectRequest) -> Admission:
        """Return what an object is pinned to, and the decision about it, if it may be accepted.

        Raises WaitingError while the bundle that it names does not govern, StalledError with all
        that stands against it, and KubernetesError.
        """
        said = await self.judge(request)
        if said.missing:
            raise WaitingError(
                CommonReason.BUNDLE_UNAVAILABLE, said.missing, after_seconds=LOOK_AGAIN_SECONDS
            )
        if said.problems:
            raise StalledError(CommonReason.POLICY_DENIES, "; ".join(said.problems))
        return said


def request_of(
    kind: Governed,
    metadata: ObjectMeta,
    spec: dict[str, Any],
    requester: Person | None,
    now: datetime,
) -> ObjectRequest:
    """Return what is asked about an object whose requester is known."""
    return ObjectRequest(
        kind=kind,
        namespace=metadata.namespace,
        name=metadata.name,
        spec=spec,
        now=now,
        requester=requester.to_json() if requester else {},
    )
