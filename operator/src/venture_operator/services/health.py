"""Whether this process is alive, and whether it is of use."""

import time
from typing import TYPE_CHECKING

from venture_operator.services.leadership import LEASE_SECONDS

if TYPE_CHECKING:
    from venture_operator.services.leadership import Leadership
    from venture_operator.services.watches import Streams


class Health:
    """The answers to /healthz and /readyz: a list of complaints, empty when all is well."""

    def __init__(self, leadership: Leadership) -> None:
        self._leadership = leadership
        self.streams: Streams | None = None
        """Set once this replica leads."""

    def liveness(self) -> list[str]:
        """Return why the process should be restarted."""
        return [] if self.streams is None else self.streams.beyond_repair()

    def readiness(self) -> list[str]:
        """Return why this replica, though alive, can neither lead nor stand by."""
        complaints = [] if self.streams is None else self.streams.failures()
        last = self._leadership.last_contact
        if last is None:
            complaints.append("no answer from the API server so far")
        elif (silent := time.monotonic() - last) > LEASE_SECONDS:
            complaints.append(f"no answer from the API server for {silent:.0f} s")
        return complaints

    def degradations(self) -> list[str]:
        """Return what does not work for some namespaces, while the others are served."""
        return [] if self.streams is None else self.streams.degradations()
