"""Whether this process is alive, and whether it is of use."""

import time
from typing import TYPE_CHECKING

from venture_operator.services.leadership import LEASE_SECONDS

if TYPE_CHECKING:
    from venture_operator.services.leadership import Leadership
    from venture_operator.services.resync import Resync


class Health:
    """The answers to /healthz and /readyz: a list of complaints, empty when all is well."""

    def __init__(self, leadership: Leadership) -> None:
        self._leadership = leadership
        self.resync: Resync | None = None
        """Set once this replica leads."""

    def liveness(self) -> list[str]:
        """Return why the process should be restarted."""
        if self.resync is None:
            return []
        return [f"the watch on {plural} is silent" for plural in self.resync.deaf_watches]

    def readiness(self) -> list[str]:
        """Return why this replica can neither lead nor stand by."""
        silent = time.monotonic() - self._leadership.last_contact
        complaints = self.liveness()
        if silent > LEASE_SECONDS:
            complaints.append(f"no answer from the API server for {silent:.0f} s")
        return complaints
