"""Workloads, by the projected token of their pod: TokenReview → pod → labels → owner.

The token is bound to its pod and to our audience, so it is of no use elsewhere. What was verified
is remembered for half a minute at most, and forgotten at once when the pod goes: a watch on the
pods tells. While there is no watch, nothing is remembered.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import aiohttp
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from venture_core.identity.callers import (
    OtherAccountError,
    Owner,
    UnauthenticatedError,
    UnverifiableError,
    Workload,
)
from venture_core.identity.serviceaccount import PREFIX
from venture_core.identity.tokenreview import user_of
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import PODS

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body, KubernetesClient

REMEMBER_SECONDS: Final = 30.0
MAX_REMEMBERED: Final = 10_000
WATCH_SECONDS: Final = 300

OWNER_KIND: Final = "venture.parpour.dev/owner-kind"
OWNER_NAMESPACE: Final = "venture.parpour.dev/owner-namespace"
OWNER_NAME: Final = "venture.parpour.dev/owner"
OWNER_UID: Final = "venture.parpour.dev/owner-uid"

_POD_NAME: Final = "authentication.kubernetes.io/pod-name"
_POD_UID: Final = "authentication.kubernetes.io/pod-uid"

log = structlog.get_logger(__name__)


class Workloads:
    """Verifies the tokens of pods in one namespace.

    `run` has to run beside, for what is verified to be remembered. The client may create
    TokenReviews, and get and watch pods in the namespace.
    """

    def __init__(self, client: KubernetesClient, *, audience: str, namespace: str) -> None:
        self._client = client
        self._audience = audience
        self._namespace = namespace
        self._remembered: OrderedDict[bytes, tuple[float, Workload]] = OrderedDict()
        self._turns: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._watching = False
        self._departures = 0

    async def verify(self, token: str) -> Workload:
        """Return the workload that holds the token.

        Raises UnauthenticatedError, and UnverifiableError where the API server does not answer.
        """
        digest = hashlib.sha256(token.encode()).digest()
        if (remembered := self._recall(digest)) is not None:
            return remembered
        if digest not in self._remembered:
            return await self._verify(token, digest)
        # Its time is over: one asks anew for all who come with it.
        async with self._turns.setdefault(digest, asyncio.Lock()):
            return self._recall(digest) or await self._verify(token, digest)

    def _recall(self, digest: bytes) -> Workload | None:
        until, workload = self._remembered.get(digest, (0.0, None))
        return workload if time.monotonic() < until else None

    async def _verify(self, token: str, digest: bytes) -> Workload:
        departures = self._departures
        # Counted from before the question: the answer is as old as that.
        until = time.monotonic() + REMEMBER_SECONDS
        try:
            workload = await self._ask(token)
        except KubernetesError as error:
            raise UnverifiableError(f"the API server says {error.reason}") from error
        if self._watching and departures == self._departures:
            self._remembered[digest] = (until, workload)
            self._remembered.move_to_end(digest)
            if len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return workload

    async def run(self) -> None:
        """Forget workloads whose pods go, until cancelled."""
        watching = AsyncRetrying(
            retry=retry_if_exception_type((KubernetesError, aiohttp.ClientError, TimeoutError)),
            wait=wait_exponential_jitter(multiplier=0.2, max=10),
            before_sleep=lambda state: log.warning(
                "the watch on pods is interrupted: no identity is remembered",
                error=repr(state.outcome.exception() if state.outcome else None),
            ),
        )
        while True:
            await watching(self._watch)

    async def _watch(self) -> None:
        """Watch once, until the server ends it. Before and after, nothing is remembered."""
        try:
            events = self._client.watch(
                PODS, self._namespace, timeout_seconds=WATCH_SECONDS, bookmarks=True, initial=True
            )
            async for kind, body in events:
                # From the first event on the watch is established: nothing goes unseen.
                self._watching = True
                if kind == "DELETED" or body["metadata"].get("deletionTimestamp"):
                    self._forget(body["metadata"]["uid"])
        finally:
            self._watching = False
            self._remembered.clear()

    def _forget(self, pod_uid: str) -> None:
        self._departures += 1
        gone = [key for key, (_, each) in self._remembered.items() if each.pod_uid == pod_uid]
        for key in gone:
            del self._remembered[key]

    async def _ask(self, token: str) -> Workload:
        user = await user_of(self._client, token, self._audience)
        account, pod_name, pod_uid = self._bound_pod(user)
        pod = await self._client.get(PODS, pod_name, self._namespace)
        if pod is None or pod["metadata"]["uid"] != pod_uid:
            raise UnauthenticatedError("the pod of this token is gone")
        if pod["metadata"].get("deletionTimestamp"):
            raise UnauthenticatedError("the pod of this token is being deleted")
        labels: dict[str, str] = pod["metadata"].get("labels", {})
        return Workload(
            namespace=self._namespace,
            service_account=account,
            pod=pod_name,
            pod_uid=pod_uid,
            owner=owner_of(labels),
            labels=labels,
        )

    def _bound_pod(self, user: Body) -> tuple[str, str, str]:
        """Return service account, pod and the pod's uid. Raises UnauthenticatedError."""
        prefix = f"{PREFIX}{self._namespace}:"
        if not user["username"].startswith(prefix):
            raise OtherAccountError("the token is not of a workload of this platform", user)
        extra = user.get("extra", {})
        names, uids = extra.get(_POD_NAME, []), extra.get(_POD_UID, [])
        if len(names) != 1 or len(uids) != 1:
            raise UnauthenticatedError("the token is bound to no pod")
        return user["username"].removeprefix(prefix), names[0], uids[0]


def owner_of(labels: dict[str, str]) -> Owner | None:
    """Return the object that a pod's labels name; None unless they name all of it."""
    kind, namespace = labels.get(OWNER_KIND), labels.get(OWNER_NAMESPACE)
    name, uid = labels.get(OWNER_NAME), labels.get(OWNER_UID)
    if not (kind and namespace and name and uid):
        return None
    return Owner(kind=kind, namespace=namespace, name=name, uid=uid)
