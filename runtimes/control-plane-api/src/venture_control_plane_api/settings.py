"""The settings of the control-plane API, from the environment: VENTURE_<NAME>."""

from typing import Self

from pydantic import Field, model_validator
from venture_core.http.settings import ServiceSettings
from venture_core.settings.dataplane import PostgresEndpoint, S3Endpoint
from venture_core.settings.programs import Name


class ControlPlaneSettings(ServiceSettings, PostgresEndpoint, S3Endpoint):
    """What the control-plane API needs."""

    namespace: Name
    """Where the release is; its public keys are here."""
    work_namespace: Name
    """Where Jobs run."""
    signing_keys_config_map: Name = Field(validation_alias="VENTURE_SIGNING_KEYS_CONFIGMAP")
    """Where the operator publishes its public keys."""
    transfers_at_once: int = Field(default=32, ge=1, le=1000)
    """How many uploads and downloads are at work at the same time."""
    transfers_per_user: int = Field(default=8, ge=1, le=1000)
    """How many of them are of one user."""

    @model_validator(mode="after")
    def _tls(self) -> Self:
        if self.tls_files is None:
            # Users are named by a client certificate: without TLS nobody could be.
            raise ValueError("VENTURE_TLS_CERTIFICATE_FILE and VENTURE_TLS_KEY_FILE are required")
        return self
