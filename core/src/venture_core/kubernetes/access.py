"""How one cluster is reached as one user: what a kubeconfig or a pod's service account says."""

import math
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
REREAD_SECONDS: Final = 60.0
"""Files that are replaced while we run (tokens, certificates) are read again after so long."""


class AccessError(Exception):
    """The cluster cannot be reached as configured; the message names what is wrong and where."""


class KubeconfigError(AccessError):
    """There is no kubeconfig, or it does not say what is needed."""


class CredentialsError(AccessError):
    """A login failed: a plugin, an identity provider, or a file of credentials."""


class Material:
    """A text that is given once, or kept in a file that may be replaced while we run."""

    def __init__(self, text: str = "", path: Path | None = None) -> None:
        self._text = text
        self._path = path
        self._read_at = -math.inf

    def read(self) -> str:
        """Return the text as it is now. CredentialsError where the file was never readable."""
        now = time.monotonic()
        if self._path is None or (self._text and now - self._read_at < REREAD_SECONDS):
            return self._text
        try:
            self._text = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            # What is being replaced may be missing for a moment.
            if not self._text:
                raise CredentialsError(f"cannot read {self._path}: {error}") from error
        self._read_at = now
        return self._text

    def read_again(self) -> bool:
        """Have a file read at the next use. False where there is none."""
        self._read_at = -math.inf
        return self._path is not None


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate and its key, in PEM."""

    chain: str
    key: str


@dataclass(frozen=True, slots=True)
class Login:
    """What one request proves its user with: a header, a certificate, both or nothing."""

    authorization: str | None = None
    certificate: Certificate | None = None


class Credentials(Protocol):
    """Where logins come from."""

    async def login(self) -> Login:
        """Return what is valid now. CredentialsError where it cannot be had."""

    def refused(self) -> bool:
        """Take note that the server refused the login. True where the next one may be another."""


@dataclass(frozen=True, slots=True)
class FixedCredentials:
    """A token (or a file of one), a password, a certificate: whatever of these is given."""

    token: Material | None = None
    basic: str | None = None
    """The header for user and password, complete."""
    chain: Material | None = None
    key: Material | None = None

    async def login(self) -> Login:
        """Return all that is given."""
        certificate = None
        if self.chain is not None and self.key is not None:
            certificate = Certificate(self.chain.read(), self.key.read())
        authorization = self.basic if self.token is None else f"Bearer {self.token.read()}"
        return Login(authorization, certificate)

    def refused(self) -> bool:
        """Have a token's file read again: it may have been replaced just now."""
        return self.token is not None and self.token.read_again()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One cluster as one user, in one namespace."""

    server: str
    """URL without a slash at its end; it may have a path."""
    namespace: str = "default"
    credentials: Credentials = field(default_factory=FixedCredentials)
    authority: Material | None = None
    """The certificate authority in PEM. None: those that the system trusts."""
    verify: bool = True
    """False where the server's certificate is not looked at."""
    server_name: str | None = None
    """The name in the server's certificate, where it is not the URL's."""
    proxy: str | None = None
    impersonation: tuple[tuple[str, str], ...] = ()
    """Headers that name whom the user acts as."""


def in_cluster(
    environment: Mapping[str, str] = os.environ, folder: Path = SERVICE_ACCOUNT
) -> Access:
    """Return the access of the pod's service account. KubeconfigError outside of a pod."""
    host = environment.get("KUBERNETES_SERVICE_HOST")
    port = environment.get("KUBERNETES_SERVICE_PORT")
    token, authority = folder / "token", folder / "ca.crt"
    if not host or not port:
        raise KubeconfigError("this is no pod: KUBERNETES_SERVICE_HOST and _PORT are not set")
    for path in (token, authority):
        if not path.is_file():
            raise KubeconfigError(f"the pod has no service account: there is no file {path}")
    try:
        namespace = (folder / "namespace").read_text(encoding="utf-8").strip()
    except OSError:
        namespace = ""
    return Access(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        namespace=namespace or "default",
        credentials=FixedCredentials(token=Material(path=token)),
        authority=Material(path=authority),
    )
