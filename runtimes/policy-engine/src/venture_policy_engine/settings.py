"""Settings of the policy engine, from the environment: VENTURE_<NAME>."""

from venture_core.http.settings import ServiceSettings
from venture_core.settings.dataplane import NatsEndpoint, PostgresEndpoint
from venture_core.settings.programs import Name


class PolicyEngineSettings(ServiceSettings, PostgresEndpoint, NatsEndpoint):
    """What the policy engine needs to know."""

    work_namespace: Name
    """Where agents run."""
