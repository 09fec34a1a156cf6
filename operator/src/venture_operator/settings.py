"""The operator's settings, from the environment: VENTURE_<NAME>. A missing one stops the start."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict
from venture_core.logging import LogLevel
from venture_core.objectstore import S3Settings

Name = Annotated[str, StringConstraints(min_length=1, max_length=253)]


class OperatorSettings(BaseSettings):
    """All that one operator process needs to know."""

    model_config = SettingsConfigDict(env_prefix="VENTURE_", frozen=True)

    namespace: Name
    """Where the operator runs; its Lease and its public keys are here."""
    pod_name: Name
    """Who we are in the Lease."""
    watch_namespaces: tuple[Name, ...] = ()
    """The namespaces to reconcile; empty means all."""
    lease_name: Name
    cluster_role: Name
    """Our ClusterRole: it owns what we create outside builds, so uninstalling removes that too."""

    compiler_image: str = Field(min_length=1, max_length=512)
    compiler_image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    compiler_image_pull_secrets: tuple[Name, ...] = ()
    compiler_resources: dict[str, dict[str, str]]
    """ResourceRequirements of the compile container."""
    compiler_scheduling: dict[str, Any] = Field(default_factory=dict)
    """nodeSelector, tolerations and affinity of compile pods, as in a PodSpec."""
    compile_egress: tuple[dict[str, Any], ...]
    """NetworkPolicyEgressRules of compile pods: the object store and DNS, nothing else."""

    s3_endpoint: str
    s3_region: str
    s3_bucket: str
    s3_access_key_id: str
    s3_secret_access_key: SecretStr

    postgres_url: SecretStr
    """Where the record of events is; the login is a member of venture_producer."""

    signing_key_file: Path
    """PKCS#8 PEM of the Ed25519 key that signs provenance."""
    signing_keys_config_map: Name = Field(validation_alias="VENTURE_SIGNING_KEYS_CONFIGMAP")
    """Where the public keys are published, by key id."""

    http_port: int = Field(default=8080, ge=1, le=65535)
    """/healthz, /readyz and /metrics."""
    workers: int = Field(default=16, ge=1, le=256)
    """Objects reconciled at once."""
    resync_seconds: float = Field(default=60, ge=1, le=3600)
    """How often everything is listed and compared, to repair what a lost event missed."""
    log_level: LogLevel = "INFO"

    def s3(self) -> S3Settings:
        """Return the settings of the artifact bucket."""
        return S3Settings(
            endpoint=self.s3_endpoint,
            region=self.s3_region,
            bucket=self.s3_bucket,
            access_key_id=self.s3_access_key_id,
            secret_access_key=self.s3_secret_access_key,
        )
