"""Settings of every program: its logs, and for those that stay its name, its port and its end."""

from typing import Annotated

from pydantic import Field, StringConstraints

from venture_core.logging import LogLevel
from venture_core.settings.reading import Settings

Name = Annotated[str, StringConstraints(min_length=1, max_length=253)]
"""The name of a Kubernetes object."""
Port = Annotated[int, Field(ge=1, le=65535)]


class LogSettings(Settings):
    """What every program has."""

    log_level: LogLevel = "INFO"


class ProcessSettings(LogSettings):
    """What every process that stays has: a name among its replicas, probes, a time to stop in."""

    pod_name: Name
    """Who this process is among its replicas."""
    http_port: Port = 8080
    """/healthz, /readyz and /metrics."""
    stop_seconds: float = Field(default=20, gt=0, le=3600)
    """How long work in hand may take to end after a signal; then it is cut short."""
