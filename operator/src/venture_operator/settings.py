"""The operator's settings, from the environment: VENTURE_<NAME>. A missing one stops the start."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from venture_core.policy.governing import BundleName
from venture_core.settings.dataplane import PostgresEndpoint, S3Endpoint
from venture_core.settings.programs import Name, ProcessSettings

from venture_operator.domain.agentsettings import AgentSettings
from venture_operator.domain.cachescope import CacheScope


class Registration(BaseModel):
    """An object by which the API server knows whom to call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: Literal[
        "apiservices", "mutatingwebhookconfigurations", "validatingwebhookconfigurations"
    ]
    name: Name


class ServingSettings(BaseModel):
    """The certificates of what the release serves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    authority: Name
    """The Secret with the authorities and their keys, in the operator's namespace."""
    config_map: Name
    """Where the authorities are published."""
    namespaces: tuple[Name, ...] = Field(min_length=1, max_length=8)
    """In which namespaces they are."""
    servers: dict[Name, tuple[Name, ...]] = Field(max_length=32)
    """The Secrets of servers, in the operator's namespace, with the names each is called by."""
    registrations: tuple[Registration, ...] = Field(default=(), max_length=16)
    issued_elsewhere: bool = False
    """Whether an issuer of the cluster fills the Secrets of servers: then only trust is kept."""


class MediaSettings(BaseModel):
    """What makes videos: an image with ffmpeg, and what its Jobs may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str = Field(min_length=1, max_length=512)
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    resources: dict[str, dict[str, str]]
    """ResourceRequirements of the container."""


class OperatorSettings(ProcessSettings, PostgresEndpoint, S3Endpoint):
    """All that one operator process needs to know."""

    namespace: Name
    """Where the operator runs; its Lease and its public keys are here."""
    watch_namespaces: tuple[Name, ...] = ()
    """The namespaces to reconcile; empty means all."""
    work_namespace: Name
    """Where all Jobs run: a namespace of the platform, in which users have no rights."""
    jobs_at_once: int = Field(default=20, ge=1, le=10_000)
    """How many Jobs run at the same time, of all namespaces together."""
    jobs_per_namespace: int = Field(default=10, ge=1, le=10_000)
    """How many of them are of one namespace."""
    cache_scope: CacheScope = CacheScope.NAMESPACE
    """Whose builds a cached artifact serves."""
    build_ttl_seconds: int | None = Field(default=None, ge=0)
    """After how long finished builds are deleted that do not say so themselves; None: never."""
    lease_name: Name
    policy_baseline: str = Field(default="", pattern=r"^$|^[-a-z0-9]{1,63}/[-.a-z0-9]{1,253}$")
    """The platform's PolicyBundle that governs everywhere, as namespace/name; empty: none."""

    compiler_image: str = Field(min_length=1, max_length=512)
    compiler_image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    compiler_image_pull_secrets: tuple[Name, ...] = ()
    compiler_resources: dict[str, dict[str, str]]
    """ResourceRequirements of the compile container."""
    compiler_scheduling: dict[str, Any] = Field(default_factory=dict)
    """nodeSelector, tolerations, affinity and priorityClassName of compile pods."""
    compiler_labels: dict[str, str] = Field(default_factory=dict, max_length=64)
    """Labels that compile Jobs carry besides ours."""

    compiler_media: MediaSettings | None = None
    """None where the installation makes no videos."""

    warm_most: int = Field(default=0, ge=0, le=100)
    """How many compile Jobs wait for a build while builds come; 0: none ever."""
    warm_idle_seconds: int = Field(default=300, ge=10, le=86_400)
    """How long after the last build that could have had one they go on waiting."""

    signing_key_file: Path
    """PKCS#8 PEM of the Ed25519 key that signs provenance."""
    signing_keys_config_map: Name = Field(validation_alias="VENTURE_SIGNING_KEYS_CONFIGMAP")
    """Where the public keys are published, by key id."""

    agents: AgentSettings | None = None
    """None where the installation runs no agents."""

    treasury_url: str = Field(default="", max_length=2048)
    """Where treasury-api is; empty where there is none, and MoneyIntents wait."""
    treasury_token_file: Path = Path("/var/run/venture/tokens/venture-treasury")
    """The token by which the operator proves who it is to the treasury."""
    serving_ca_file: Path | None = None
    """The authorities of our own services; the operator itself writes them."""

    serving: ServingSettings | None = None
    """None where nothing is served."""

    workers: int = Field(default=16, ge=1, le=256)
    """Objects reconciled at once."""
    resync_seconds: float = Field(default=60, ge=1, le=3600)
    """How often everything is listed and compared, to repair what a lost event missed."""

    def baseline(self) -> BundleName | None:
        """Return which bundle is the platform's baseline, None where there is none."""
        return BundleName.parse(self.policy_baseline)
