"""Who is signed in to founders' API, and how it is reached."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

USER_PREFIX = "venture:"
RIGHTS_LABEL = "venture.parpour.dev/rights"
PEOPLE_PORT = 8444
"""The port of the control-plane API's Service where founders' API is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session of founders' API."""

    account: str
    token: str
    expires_at: datetime
    namespace: str
    """The namespace of commands that name none."""
    server: str
    """The URL of the API; empty: by a port-forward to `service`, with the kubeconfig."""
    service: str
    """The Service in the cluster, as namespace/name."""
    server_name: str
    """The name in the API's certificate; empty: that of the URL."""
    authority: str
    """PEM of those that sign its certificate; empty: those that the system trusts."""

    def values(self) -> dict[str, object]:
        """Return what a file keeps."""
        return asdict(self) | {"expires_at": self.expires_at.isoformat()}
