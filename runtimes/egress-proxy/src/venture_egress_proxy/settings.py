"""Settings of the egress proxy, from the environment: VENTURE_<NAME>."""

from pydantic import Field, field_validator
from venture_core.http.settings import ServiceSettings
from venture_core.policy.matching import DomainPattern, parse_domain
from venture_core.settings.dataplane import PostgresEndpoint
from venture_core.settings.programs import Name


class EgressProxySettings(ServiceSettings, PostgresEndpoint):
    """What the egress proxy needs to know."""

    work_namespace: Name
    """Where agents run."""
    private_hosts: tuple[str, ...] = Field(default=(), max_length=100)
    """Domains that may lead to private addresses: inside the cluster, for instance."""
    connections: int = Field(default=500, ge=1, le=10_000)
    """How many are open at once."""
    connections_per_agent: int = Field(default=16, ge=1, le=1000)
    """How many of one Job."""
    max_bytes: int = Field(default=100 * 2**20, ge=1, le=2**40)
    """The most that one connection may carry in either direction."""
    max_seconds: float = Field(default=300, ge=1, le=86_400)
    """How long one connection may last."""

    @field_validator("private_hosts")
    @classmethod
    def _readable(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for each in hosts:
            parse_domain(each)
        return hosts

    def private(self) -> tuple[DomainPattern, ...]:
        """Return the domains that may lead to private addresses."""
        return tuple(map(parse_domain, self.private_hosts))
