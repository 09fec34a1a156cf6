"""The settings of the processes of this package, from the environment: VENTURE_<NAME>."""

from pathlib import Path
from typing import Annotated

from pydantic import ByteSize, Field, StringConstraints
from venture_core.messaging.streams import StreamSettings
from venture_core.settings.dataplane import NatsEndpoint, PostgresEndpoint, S3Endpoint
from venture_core.settings.programs import LogSettings, ProcessSettings


class SequencerSettings(ProcessSettings, PostgresEndpoint, S3Endpoint):
    """What the sequencer needs; the bucket is where it anchors the log."""

    checkpoint_origin: Annotated[str, StringConstraints(pattern=r"^[^\s+]{1,256}$")]
    """The log's name for its whole life, like `venture.example.com/record`."""
    checkpoint_key_file: Path
    """PKCS#8 PEM of the Ed25519 key that signs checkpoints."""
    checkpoint_further_key_files: tuple[Path, ...] = ()
    """Keys that sign as well, while one is being replaced by another."""


class RelaySettings(ProcessSettings, PostgresEndpoint, NatsEndpoint, S3Endpoint):
    """What the relay needs; it reads the log's anchor in the bucket."""

    nats_stream_replicas: int = Field(ge=1, le=5)
    """On how many servers the streams are kept."""
    nats_stream_max_bytes: int = Field(ge=1024 * 1024)
    """How large the stream of events may grow."""

    def streams(self) -> StreamSettings:
        """Return the settings of the streams."""
        return StreamSettings(
            replicas=self.nats_stream_replicas, max_bytes=self.nats_stream_max_bytes
        )


class ProjectorSettings(ProcessSettings, PostgresEndpoint, NatsEndpoint):
    """What the projector needs."""


class ArchiveSettings(LogSettings, PostgresEndpoint, S3Endpoint):
    """What those need who read or write archives; they run once and end: no name, no probes."""


class ArchiverSettings(ArchiveSettings):
    """What the archiver and the confirmer need."""

    retention_months: int = Field(ge=1, le=1200)
    """How many whole months before this one stay in the database."""
    scratch_size: ByteSize | None = Field(default=None, ge=1)
    """How much temporary files may take in all, like `10GiB`; None: what their disk has."""
