"""The settings of the processes of this package, from the environment: VENTURE_<NAME>."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict
from venture_core.logging import LogLevel
from venture_core.messaging.streams import StreamSettings
from venture_core.objectstore import S3Settings


class ProcessSettings(BaseSettings):
    """What each of the processes needs to know."""

    model_config = SettingsConfigDict(env_prefix="VENTURE_", frozen=True)

    pod_name: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    """Who this process is among those that stand by for its role."""
    postgres_url: SecretStr
    """A login that is a member of the role that the process plays."""
    http_port: int = Field(default=8080, ge=1, le=65535)
    """/healthz, /readyz and /metrics."""
    log_level: LogLevel = "INFO"


class SequencerSettings(ProcessSettings):
    """What the sequencer needs besides."""

    checkpoint_origin: Annotated[str, StringConstraints(pattern=r"^[^\s+]{1,256}$")]
    """The log's name for its whole life, like `venture.example.com/record`."""
    checkpoint_key_file: Path
    """PKCS#8 PEM of the Ed25519 key that signs checkpoints."""
    checkpoint_further_key_files: tuple[Path, ...] = ()
    """Keys that sign as well, while one is being replaced by another."""


class RelaySettings(ProcessSettings):
    """What the relay needs besides."""

    nats_url: SecretStr
    nats_stream_replicas: int = Field(ge=1, le=5)
    """On how many servers the streams are kept."""
    nats_stream_max_bytes: int = Field(ge=1024 * 1024)
    """How large the stream of events may grow."""

    def streams(self) -> StreamSettings:
        """Return the settings of the streams."""
        return StreamSettings(
            replicas=self.nats_stream_replicas, max_bytes=self.nats_stream_max_bytes
        )


class ProjectorSettings(ProcessSettings):
    """What the projector needs besides."""

    nats_url: SecretStr


class ArchiverSettings(BaseSettings):
    """What the archiver needs; it runs once and ends, so it has no name and no probes."""

    model_config = SettingsConfigDict(env_prefix="VENTURE_", frozen=True, hide_input_in_errors=True)

    postgres_url: SecretStr
    """A login that is a member of venture_archiver."""
    retention_months: int = Field(ge=1, le=1200)
    """How many whole months before this one stay in the database."""
    s3_endpoint: str
    s3_region: str
    s3_bucket: str
    s3_access_key_id: str
    s3_secret_access_key: SecretStr
    log_level: LogLevel = "INFO"

    def s3(self) -> S3Settings:
        """Return the settings of the bucket that keeps archives."""
        return S3Settings(
            endpoint=self.s3_endpoint,
            region=self.s3_region,
            bucket=self.s3_bucket,
            access_key_id=self.s3_access_key_id,
            secret_access_key=self.s3_secret_access_key,
        )
