"""Settings of the llm-gateway."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints
from venture_core.http.settings import ServiceSettings
from venture_core.settings.dataplane import OptionalFile, OptionalText, PostgresEndpoint
from venture_core.settings.programs import Name

type Url = Annotated[str, StringConstraints(pattern=r"^https?://[^@?#]+[^/@?#]$", max_length=2048)]


class GatewaySettings(ServiceSettings, PostgresEndpoint):
    """What the gateway needs. Its database login reads bundles and assignments, and appends."""

    work_namespace: Name
    """Where agents' pods are."""
    treasury_url: Url
    treasury_token_file: Path
    """This service's own token for the treasury."""
    serving_ca_file: OptionalFile = None
    """The authorities that sign certificates of our services; none where the URL is http://."""
    provider_keys: Path | None = None
    """The folder of a mounted Secret: files `anthropic` and `openai`, each a key."""
    anthropic_url: Url = "https://api.anthropic.com"
    openai_url: Url = "https://api.openai.com"
    provider_proxy: OptionalText = Field(default=None, validate_default=True)
    """The HTTP proxy by which providers are reached."""
    provider_ca_file: OptionalFile = None
    """Authorities to trust besides the system's, for providers or their proxy."""
    price_table_file: OptionalFile = None
    """Prices in place of those that come with this version."""
