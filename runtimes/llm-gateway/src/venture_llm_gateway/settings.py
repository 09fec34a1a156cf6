"""Settings of the llm-gateway."""

from pathlib import Path

from pydantic import Field
from venture_core.http.settings import ServiceSettings
from venture_core.settings.dataplane import (
    OptionalFile,
    OptionalText,
    PostgresEndpoint,
    ServiceUrl,
    TreasuryEndpoint,
)
from venture_core.settings.programs import Name


class GatewaySettings(ServiceSettings, PostgresEndpoint, TreasuryEndpoint):
    """What the gateway needs. Its database login reads bundles and assignments, and appends."""

    work_namespace: Name
    """Where agents' pods are."""
    provider_keys: Path | None = None
    """The folder of a mounted Secret: files `anthropic` and `openai`, each a key."""
    anthropic_url: ServiceUrl = "https://api.anthropic.com"
    openai_url: ServiceUrl = "https://api.openai.com"
    provider_proxy: OptionalText = Field(default=None, validate_default=True)
    """The HTTP proxy by which providers are reached."""
    provider_ca_file: OptionalFile = None
    """Authorities to trust besides the system's, for providers or their proxy."""
    price_table_file: OptionalFile = None
    """Prices in place of those that come with this version."""
