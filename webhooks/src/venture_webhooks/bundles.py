"""The PolicyBundles of the cluster, compiled as they are seen: nothing is asked in a review."""

import asyncio
from typing import TYPE_CHECKING

import structlog
from venture_core.kubernetes.following import Following
from venture_core.kubernetes.resources import POLICY_BUNDLES
from venture_core.policy.compile import BundleError, compile_bundle
from venture_core.policy.governing import BundleName, Governing, Known
from venture_crds.v1alpha1.policybundle import BundleState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.kubernetes.client import Body, KubernetesClient

log = structlog.get_logger(__name__)


class BundlesInSight:
    """Keeps `governing` as the cluster is. `run` has to run beside."""

    def __init__(self, client: KubernetesClient, baseline: BundleName | None) -> None:
        self.governing = Governing(baseline)
        self._versions: dict[BundleName, str] = {}
        self._following = Following(client, POLICY_BUNDLES, self._take)

    @property
    def in_sight(self) -> bool:
        """Whether what governs is known."""
        return self._following.in_sight

    def complaints(self) -> list[str]:
        """Return that what governs is not known, where it is not."""
        return [] if self.in_sight else ["policy bundles cannot be seen"]

    async def run(self) -> None:
        """Follow until cancelled."""
        await self._following.run()

    async def _take(self, found: Mapping[str, Body]) -> None:
        named = {_name(body): body for body in found.values()}
        for name in self.governing:
            if name not in named and (known := self.governing.get(name)) is not None:
                self.governing.remove(name, known.uid)
                self._versions.pop(name, None)
        for name, body in named.items():
            version = body["metadata"]["resourceVersion"]
            if self._versions.get(name) != version:
                self.governing.put(name, await asyncio.to_thread(_known, body))
                self._versions[name] = version


def _name(body: Body) -> BundleName:
    return BundleName(body["metadata"]["namespace"], body["metadata"]["name"])


def _known(body: Body) -> Known:
    spec, uid = body["spec"], body["metadata"]["uid"]
    try:
        snapshot = compile_bundle(spec)
    except BundleError as error:
        log.warning("bundle_invalid", bundle=str(_name(body)), problems=str(error)[:500])
        snapshot = None
    return Known(uid, str(spec.get("version")), BundleState(spec["state"]), snapshot)
