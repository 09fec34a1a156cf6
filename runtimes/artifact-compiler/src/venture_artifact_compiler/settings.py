"""Settings of the compile Job. Kubernetes decides them by where it mounts things."""

from pathlib import Path

from pydantic import Field
from venture_core.artifacts.jobcontract import INPUT_FOLDER, TERMINATION_LOG
from venture_core.settings.programs import LogSettings


class Settings(LogSettings):
    """Read from the environment, prefix `VENTURE_`. All have the values a pod needs."""

    input_folder: Path = Path(INPUT_FOLDER)
    """Holds the request, and the document unless the request names a URL for it."""
    termination_log: Path = Path(TERMINATION_LOG)
    """Where the result is written for the kubelet to pick up."""
    transfer_seconds: float = Field(default=30.0, gt=0, le=600)
    """Longest silence on a connection to the object store before it counts as lost."""
