"""Settings of an agent's Job. The operator decides them."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints
from venture_core.settings.programs import LogSettings

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=512)]


class Settings(LogSettings):
    """Read from the environment, prefix `VENTURE_`."""

    input_folder: Path = Path("/etc/venture/input")
    """Holds the assignment."""
    tokens_folder: Path = Path("/var/run/venture/tokens")
    """Holds a projected token of each audience; the kubelet renews them."""
    termination_log: Path = Path("/dev/termination-log")
    """Where the result is written for the kubelet to pick up."""
    patience_seconds: Annotated[float, Field(ge=0, le=600)] = 90
    """How long a service may be away before the attempt ends; another one goes on from there."""
    authorities: Path | None = None
    """PEM of those that sign the serving certificates of our services."""

    llm_gateway_url: Url
    """The only way to a model."""
    egress_proxy_url: Url | None = None
    """The only way to the web; unset: there is none."""
    tool_gateway_url: Url | None = None
    """Files and events; unset: there are none."""
    treasury_url: Url | None = None
    """Payments; unset: there are none."""
