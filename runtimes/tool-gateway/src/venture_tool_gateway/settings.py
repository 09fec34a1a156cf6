"""Settings of the tool-gateway."""

from venture_core.http.settings import ServiceSettings
from venture_core.settings.dataplane import PostgresEndpoint, S3Endpoint
from venture_core.settings.programs import Name


class ToolGatewaySettings(ServiceSettings, PostgresEndpoint, S3Endpoint):
    """What the gateway needs. Its database login keeps the journal, and appends events."""

    work_namespace: Name
    """Where agents' pods are."""
