"""Settings of the compile Job. Kubernetes decides them by where it mounts things."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from venture_core.artifacts.jobcontract import INPUT_FOLDER, TERMINATION_LOG
from venture_core.logging import LogLevel


class Settings(BaseSettings):
    """Read from the environment, prefix `VENTURE_`. All have the values a pod needs."""

    model_config = SettingsConfigDict(env_prefix="VENTURE_", frozen=True)

    input_folder: Path = Path(INPUT_FOLDER)
    """Holds the request, and the document unless the request names a URL for it."""
    termination_log: Path = Path(TERMINATION_LOG)
    """Where the result is written for the kubelet to pick up."""
    log_level: LogLevel = "INFO"
    transfer_seconds: float = Field(default=30.0, gt=0, le=600)
    """Longest silence on a connection to the object store before it counts as lost."""
