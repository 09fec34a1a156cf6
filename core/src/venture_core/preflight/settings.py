"""What the preflight connects to, from the environment: VENTURE_<NAME>."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr

from venture_core.settings.dataplane import (
    NatsEndpoint,
    PostgresEndpoint,
    RedisEndpoint,
    S3Endpoint,
    split_servers,
    with_parameters,
)
from venture_core.settings.programs import LogSettings


def address(url: SecretStr) -> str:
    """Return what may be shown of a URL: host, port and path, without user, password and query."""
    shown = []
    for server in split_servers(url):
        parts = urlsplit(server)
        shown.append(parts.netloc.rpartition("@")[2] + parts.path)
    return ", ".join(shown)


class Deadline(LogSettings):
    """What every check has."""

    preflight_deadline_seconds: float = Field(gt=0, le=3600)
    """When to give up, counted from the start."""


class ApiPreflightSettings(Deadline):
    """The API that a release serves by the API server."""

    preflight_api: str = Field(pattern=r"^v[0-9a-z]+\.[a-z0-9.-]+$", max_length=253)
    """The name of its APIService: <version>.<group>."""
    preflight_api_backend: str = Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$", max_length=127)
    """The Service that serves it: namespace/name."""


class PreflightSettings(Deadline, PostgresEndpoint, NatsEndpoint, RedisEndpoint, S3Endpoint):
    """The data plane of a release."""

    preflight_logins: dict[str, str] = Field(default_factory=dict)
    """Logins besides, by their file (<program>.postgres-url, <program>.nats-url): where each comes
    from, in words."""
    preflight_images: dict[str, str] = Field(default_factory=dict)
    """Images of Jobs: each has a container in this pod that makes the file of its name."""
    preflight_images_folder: Path = Path("/images")
    preflight_logins_folder: Path = Path("/etc/venture/logins")

    def login(self, file: str) -> SecretStr | None:
        """Return the URL of a login, with the authorities to trust; None where there is none."""
        path = self.preflight_logins_folder / file
        if not path.is_file():
            return None
        url = SecretStr(path.read_text().strip())
        if self.postgres_ca_file is not None and file.endswith(".postgres-url"):
            url = with_parameters(
                url, sslmode="verify-full", sslrootcert=str(self.postgres_ca_file)
            )
        return url

    def secrets(self) -> frozenset[str]:
        """Return every string that must not be printed, in each form a message may quote it."""
        found = {self.s3_access_key_id or ""}
        if self.s3_secret_access_key is not None:
            found.add(self.s3_secret_access_key.get_secret_value())
        logins = [url for file in self.preflight_logins if (url := self.login(file)) is not None]
        for url in (self.postgres_url, self.nats_url, self.redis_url, *logins):
            found.add(url.get_secret_value())
            for server in split_servers(url):
                parts = urlsplit(server)
                found |= {server, parts.query, unquote(parts.query)}
                password = parts.netloc.rpartition("@")[0].partition(":")[2]
                found |= {password, unquote(password)}
        return frozenset(found - {""})
