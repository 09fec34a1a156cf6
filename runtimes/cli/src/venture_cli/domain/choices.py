"""What the command line was asked for, apart from how that is typed."""

from dataclasses import dataclass
from typing import Literal

type DataFormat = Literal["json", "yaml"]
type Format = Literal["json", "yaml", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Which cluster, which namespace, and where Venture itself is installed."""

    kubeconfig: str | None
    context: str | None
    namespace: str | None
    """None: the namespace of the kubeconfig's context."""
    system_namespace: str
    release: str | None = None
    """The Helm release, where several are in that namespace."""
