"""Users of the cluster, by the word of the API server that forwards their requests.

For an aggregated API the API server authenticates whoever calls, and says in headers who it is.
Headers are anybody's to write, so they count only on a connection whose client certificate was
signed by the cluster's request-header authority, for a name that it allows. Both are published in
kube-system/extension-apiserver-authentication.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import structlog
from cryptography import x509
from cryptography.x509.oid import NameOID
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from venture_core.http.types import header
from venture_core.identity.callers import ClusterUser, UnauthenticatedError, UnverifiableError
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import CONFIG_MAPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_core.http.types import Scope
    from venture_core.kubernetes.client import KubernetesClient

NAMESPACE: Final = "kube-system"
CONFIG_MAP: Final = "extension-apiserver-authentication"
REFRESH_SECONDS: Final = 60.0
MAX_GROUPS: Final = 1000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RequestHeaders:
    """What the cluster says of its front proxy."""

    authority: str
    """PEM of the authorities that sign the proxy's client certificate."""
    allowed_names: frozenset[str]
    """Common names that may speak for users; none means any that the authority signed."""
    username: tuple[bytes, ...]
    groups: tuple[bytes, ...]
    extra_prefixes: tuple[bytes, ...]

    @classmethod
    def parse(cls, data: dict[str, str]) -> RequestHeaders:
        """Read the ConfigMap's data. Raises UnverifiableError where the cluster has no proxy."""
        authority = data.get("requestheader-client-ca-file", "")
        if not authority:
            raise UnverifiableError("the API server publishes no request-header authority")

        def names(key: str) -> tuple[str, ...]:
            found: list[str] = json.loads(data.get(key, "[]"))
            return tuple(found)

        def lowered(key: str) -> tuple[bytes, ...]:
            return tuple(name.lower().encode() for name in names(key))

        return cls(
            authority=authority,
            allowed_names=frozenset(names("requestheader-allowed-names")),
            username=lowered("requestheader-username-headers"),
            groups=lowered("requestheader-group-headers"),
            extra_prefixes=lowered("requestheader-extra-headers-prefix"),
        )


class FrontProxy:
    """Names the user of a forwarded request.

    `load` before serving; `run` beside it keeps up with the cluster's rotation and tells
    `on_change`, so that the TLS of the server trusts the new authority.
    """

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client
        self._headers: RequestHeaders | None = None
        self.on_change: Callable[[], None] = lambda: None

    @property
    def authority(self) -> str:
        """PEM of the authorities whose client certificates the server is to accept."""
        if self._headers is None:
            raise UnverifiableError("the request-header authority is not loaded yet")
        return self._headers.authority

    async def load(self) -> None:
        """Read what the cluster publishes. Raises KubernetesError, UnverifiableError."""
        config_map = await self._client.get(CONFIG_MAPS, CONFIG_MAP, NAMESPACE)
        found = RequestHeaders.parse((config_map or {}).get("data", {}))
        if found != self._headers:
            self._headers = found
            self.on_change()

    async def run(self) -> None:
        """Look again every minute, until cancelled; what was loaded last counts meanwhile."""
        looking = AsyncRetrying(
            retry=retry_if_exception_type((KubernetesError, UnverifiableError)),
            wait=wait_exponential_jitter(multiplier=1, max=REFRESH_SECONDS),
            before_sleep=lambda state: log.warning(
                "cannot read the request-header authority",
                error=repr(state.outcome.exception() if state.outcome else None),
            ),
        )
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await looking(self.load)

    async def authenticate(self, scope: Scope) -> ClusterUser:
        """Return the user for whom the API server forwards this request.

        Raises UnauthenticatedError, UnverifiableError.
        """
        if self._headers is None:
            raise UnverifiableError("the request-header authority is not loaded yet")
        name = _client_name(scope)
        if name is None:
            raise UnauthenticatedError("only the API server may forward requests here")
        if self._headers.allowed_names and name not in self._headers.allowed_names:
            raise UnauthenticatedError("this client certificate may not speak for users")
        return _user(scope, self._headers)


def _client_name(scope: Scope) -> str | None:
    """Return the common name of the client's verified certificate, None without one."""
    tls: dict[str, Any] = scope.get("extensions", {}).get("tls", {})
    chain = tls.get("client_cert_chain") or []
    if not chain:
        return None
    certificate = x509.load_pem_x509_certificate(chain[0].encode())
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _user(scope: Scope, headers: RequestHeaders) -> ClusterUser:
    username = next((value for each in headers.username if (value := header(scope, each))), None)
    if username is None:
        raise UnauthenticatedError("the API server forwarded the request without a user")
    groups = [value.decode("utf-8") for name, value in scope["headers"] if name in headers.groups]
    if len(groups) > MAX_GROUPS:
        raise UnauthenticatedError(f"the user is in more than {MAX_GROUPS} groups")
    extra: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        for prefix in headers.extra_prefixes:
            if name.startswith(prefix):
                # Kubernetes escapes what a header's name cannot hold.
                key = unquote(name.removeprefix(prefix).decode("ascii"))
                extra.setdefault(key, []).append(value.decode("utf-8"))
    return ClusterUser(
        username=username.decode("utf-8"),
        groups=tuple(groups),
        extra={key: tuple(values) for key, values in extra.items()},
    )
