"""The Lease that says which replica reconciles.

kubernetes_asyncio's leader election neither counts transitions, which are our epoch, nor survives
a dropped connection, nor gives the Lease back; hence this one (docs/decisions).
"""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.errors import AlreadyExistsError, ConflictError
from venture_core.kubernetes.resources import LEASES

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient


class Lease:
    """One candidate's view of a Lease.

    Clocks of different machines are never compared: a foreign lease counts as expired when its
    record did not change for its duration on *our* monotonic clock (as client-go does).
    """

    def __init__(
        self, client: KubernetesClient, *, namespace: str, name: str, identity: str, seconds: int
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._seconds = seconds
        self._seen_record: tuple[str, str] | None = None
        self._seen_at = 0.0
        self.uid = ""
        """The identity of the Lease we held last; a Lease that is made anew counts epochs anew."""

    async def try_hold(self) -> int | None:
        """Acquire or renew; return the epoch while we hold it, None while another does.

        The epoch is the number of times the Lease changed hands. Raises KubernetesError when
        the API server does not answer.
        """
        lease = await self._client.get(LEASES, self._name, self._namespace)
        try:
            if lease is None:
                created = await self._client.create(LEASES, self._new(), self._namespace)
                self.uid = created["metadata"]["uid"]
                return _epoch(created["spec"])
            spec = lease["spec"]
            if spec.get("holderIdentity") != self._identity:
                if not self._is_expired(spec):
                    return None
                spec["leaseTransitions"] = _epoch(spec) + 1
                spec["acquireTime"] = _now()
            spec |= {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": self._seconds,
                "renewTime": _now(),
            }
            await self._client.replace(LEASES, lease, self._namespace)
        except AlreadyExistsError, ConflictError:
            # Another candidate was faster.
            return None
        self.uid = lease["metadata"]["uid"]
        return _epoch(spec)

    async def release(self) -> None:
        """Give the Lease back, so that the standby need not wait for it to expire."""
        lease = await self._client.get(LEASES, self._name, self._namespace)
        if lease is None or lease["spec"].get("holderIdentity") != self._identity:
            return
        lease["spec"] |= {"holderIdentity": "", "renewTime": _now()}
        try:
            await self._client.replace(LEASES, lease, self._namespace)
        except ConflictError:
            # Only a candidate that believes it expired writes here: it is theirs now.
            return

    def _is_expired(self, spec: dict[str, Any]) -> bool:
        holder = spec.get("holderIdentity") or ""
        if not holder:
            return True
        record = (holder, spec.get("renewTime", ""))
        if record != self._seen_record:
            self._seen_record = record
            self._seen_at = time.monotonic()
        duration = spec.get("leaseDurationSeconds", self._seconds)
        return time.monotonic() - self._seen_at > float(duration)

    def _new(self) -> dict[str, Any]:
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": self._seconds,
                "acquireTime": _now(),
                "renewTime": _now(),
                "leaseTransitions": 0,
            },
        }


def _epoch(spec: dict[str, Any]) -> int:
    return int(spec.get("leaseTransitions") or 0)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
