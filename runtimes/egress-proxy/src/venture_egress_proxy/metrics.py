"""What the egress proxy counts."""

from typing import Final

from prometheus_client import Counter, Gauge

CONNECTIONS: Final = Counter(
    "venture_egress_connections",
    "Connections that agents asked for, by what was said",
    ("allowed", "reason_code"),
)
OPEN: Final = Gauge("venture_egress_connections_open", "Connections that are open now")
CARRIED: Final = Counter("venture_egress_bytes", "Bytes carried for agents", ("direction",))
