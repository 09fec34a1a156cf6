"""The settings of the control-plane API, from the environment: VENTURE_<NAME>."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from venture_core.http.settings import ServiceSettings
from venture_core.settings.dataplane import PostgresEndpoint, S3Endpoint, TreasuryEndpoint
from venture_core.settings.programs import Name, Port


class ControlPlaneSettings(ServiceSettings, PostgresEndpoint, S3Endpoint, TreasuryEndpoint):
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
    founders_port: Port = 8444
    """Where founders' API is served."""
    founder_key_file: Path
    """PEM of the private key (P-256) that signs founders' tokens."""
    founder_issuer: str = Field(min_length=1, max_length=256)
    """Who issues the tokens: another for each installation, so that none counts elsewhere."""
    founder_session_seconds: int = Field(default=8 * 3600, ge=60, le=24 * 3600)
    """How long a founder stays signed in."""

    @model_validator(mode="after")
    def _tls(self) -> Self:
        if self.tls_files is None:
            # Users are named by a client certificate: without TLS nobody could be.
            raise ValueError("VENTURE_TLS_CERTIFICATE_FILE and VENTURE_TLS_KEY_FILE are required")
        return self
