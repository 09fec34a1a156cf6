"""The operator's own look at policy: what slipped past admission is refused, in equal words."""

from typing import TYPE_CHECKING, Final

from venture_core.kubernetes.resources import POLICY_BUNDLES
from venture_core.policy.admission import Admission, admit
from venture_core.policy.governing import DEFAULT_BUNDLE, BundleName
from venture_crds.v1alpha1.reasons import CommonReason

from venture_operator.errors import StalledError, WaitingError

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.policy.governing import Governing
    from venture_core.policy.request import ObjectRequest

LOOK_AGAIN_SECONDS: Final = 10.0
SOON_SECONDS: Final = 1.0


class Admitting:
    """Judges objects before anything is done for them. The client may get policybundles."""

    def __init__(self, client: KubernetesClient, governing: Governing) -> None:
        self._client = client
        self._governing = governing

    async def require(self, request: ObjectRequest) -> Admission:
        """Return what an object is pinned to, and the decision about it, if it may be accepted.

        Raises WaitingError while the bundle that it names does not govern, StalledError with all
        that stands against it, and KubernetesError.
        """
        said = admit(self._governing, request)
        if said.missing:
            raise WaitingError(
                CommonReason.BUNDLE_UNAVAILABLE, said.missing, after_seconds=LOOK_AGAIN_SECONDS
            )
        if not said.governance.name:
            await self._require_no_default(request.namespace)
        if said.problems:
            raise StalledError(CommonReason.POLICY_DENIES, "; ".join(said.problems))
        return said

    async def _require_no_default(self, namespace: str) -> None:
        """Ask the API server: a bundle that the watch has not told of yet governs, too."""
        if await self._client.get(POLICY_BUNDLES, DEFAULT_BUNDLE, namespace) is not None:
            name = BundleName(namespace, DEFAULT_BUNDLE)
            raise WaitingError(
                CommonReason.BUNDLE_UNAVAILABLE,
                f"{name} is not read yet",
                after_seconds=SOON_SECONDS,
            )
