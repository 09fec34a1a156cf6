"""Settings of a program that serves an API: on a port of its own, beside probes and metrics."""

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from venture_core.settings.dataplane import OptionalFile
from venture_core.settings.programs import Port, ProcessSettings

if TYPE_CHECKING:
    from pathlib import Path


class ServiceSettings(ProcessSettings):
    """Where the API is served. Without certificate and key it is plain HTTP."""

    api_port: Port = 8443
    tls_certificate_file: OptionalFile = None
    """PEM, with intermediates; renewed in place."""
    tls_key_file: OptionalFile = None
    drain_seconds: float = Field(default=5, ge=0, le=300)
    """After a signal, how long requests are taken on while the cluster learns to send no more."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError(
                "VENTURE_TLS_CERTIFICATE_FILE and VENTURE_TLS_KEY_FILE go together: set both"
            )
        if self.drain_seconds >= self.stop_seconds:
            raise ValueError("VENTURE_DRAIN_SECONDS must be below VENTURE_STOP_SECONDS")
        return self

    @property
    def tls_files(self) -> tuple[Path, Path] | None:
        """Certificate and key, None for plain HTTP."""
        if self.tls_certificate_file is None or self.tls_key_file is None:
            return None
        return self.tls_certificate_file, self.tls_key_file
