"""The callers a service can have."""

from dataclasses import dataclass, field
from typing import Any

type Caller = Workload | ServiceAccount | Founder | ClusterUser


class UnauthenticatedError(Exception):
    """What was presented proves nobody; the message says why, and quotes nothing of it."""


class OtherAccountError(UnauthenticatedError):
    """The token is good, but of an account that is not looked for here; `user` is whose it is."""

    def __init__(self, message: str, user: dict[str, Any]) -> None:
        super().__init__(message)
        self.user = user


class UnverifiableError(Exception):
    """Nobody can be asked at the moment; the same may prove somebody later."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The object that a workload works for."""

    kind: str
    namespace: str
    name: str
    """As its label has it: a long name is shortened there. `uid` is what identifies."""
    uid: str


@dataclass(frozen=True, slots=True)
class Workload:
    """A pod of ours, and the object it works for."""

    namespace: str
    service_account: str
    pod: str
    pod_uid: str
    owner: Owner | None
    """None for a long-running component of the platform, which works for nobody in particular."""
    labels: dict[str, str] = field(hash=False)

    @property
    def name(self) -> str:
        """How it is called in logs."""
        return f"pod:{self.namespace}/{self.pod}"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service of the platform, or whoever may make tokens of its account."""

    namespace: str
    account: str

    @property
    def name(self) -> str:
        """How it is called in logs."""
        return f"account:{self.namespace}/{self.account}"


@dataclass(frozen=True, slots=True)
class Founder:
    """A person who signed in to the founders' API."""

    subject: str
    token_id: str
    """`jti`: what a revocation names."""
    claims: dict[str, object] = field(hash=False)

    @property
    def name(self) -> str:
        """How they are called in logs."""
        return f"founder:{self.subject}"


@dataclass(frozen=True, slots=True)
class ClusterUser:
    """A user of the cluster, authenticated by the API server that forwards the request."""

    username: str
    groups: tuple[str, ...]
    extra: dict[str, tuple[str, ...]] = field(hash=False)
    uid: str = ""

    @property
    def name(self) -> str:
        """How they are called in logs."""
        return f"user:{self.username}"
