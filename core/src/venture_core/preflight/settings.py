"""What the preflight connects to, from the environment: VENTURE_<NAME>."""

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pydantic import Field

from venture_core.settings.dataplane import (
    NatsEndpoint,
    PostgresEndpoint,
    RedisEndpoint,
    S3Endpoint,
    split_servers,
)
from venture_core.settings.programs import LogSettings

if TYPE_CHECKING:
    from pydantic import SecretStr


def address(url: SecretStr) -> str:
    """Return what may be shown of a URL: host, port and path, without user, password and query."""
    shown = []
    for server in split_servers(url):
        parts = urlsplit(server)
        shown.append(parts.netloc.rpartition("@")[2] + parts.path)
    return ", ".join(shown)


class PreflightSettings(LogSettings, PostgresEndpoint, NatsEndpoint, RedisEndpoint, S3Endpoint):
    """The data plane of a release."""

    preflight_deadline_seconds: float = Field(gt=0, le=3600)
    """When to give up, counted from the start."""

    def secrets(self) -> frozenset[str]:
        """Return every string that must not be printed, in each form a message may quote it."""
        found = {self.s3_access_key_id or ""}
        if self.s3_secret_access_key is not None:
            found.add(self.s3_secret_access_key.get_secret_value())
        for url in (self.postgres_url, self.nats_url, self.redis_url):
            found.add(url.get_secret_value())
            for server in split_servers(url):
                parts = urlsplit(server)
                found |= {server, parts.query, unquote(parts.query)}
                password = parts.netloc.rpartition("@")[0].partition(":")[2]
                found |= {password, unquote(password)}
        return frozenset(found - {""})
