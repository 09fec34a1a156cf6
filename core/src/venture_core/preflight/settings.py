"""What the preflight connects to, from the environment: VENTURE_<NAME>. Nothing has a default."""

from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from venture_core.objectstore import S3Settings


def _url_of(*schemes: str) -> AfterValidator:
    def check(url: SecretStr) -> SecretStr:
        expected = " or ".join(f"{scheme}://" for scheme in schemes)
        for part in split_servers(url):
            scheme, separator, rest = part.partition("://")
            if scheme not in schemes or not separator or not rest:
                raise ValueError(f"must be a URL that begins with {expected}")
        return url

    return AfterValidator(check)


def split_servers(url: SecretStr) -> tuple[str, ...]:
    """Return the URLs of a comma-separated list.

    A comma that no URL follows separates hosts within one URL, as Postgres allows.
    """
    servers: list[str] = []
    for part in url.get_secret_value().split(","):
        if servers and "://" not in part:
            servers[-1] += f",{part}"
        else:
            servers.append(part)
    return tuple(servers)


def address(url: SecretStr) -> str:
    """Return what may be shown of a URL: host, port and path, without user, password and query."""
    shown = []
    for server in split_servers(url):
        parts = urlsplit(server)
        shown.append(parts.netloc.rpartition("@")[2] + parts.path)
    return ", ".join(shown)


class PreflightSettings(BaseSettings):
    """The data plane of a release."""

    model_config = SettingsConfigDict(env_prefix="VENTURE_", frozen=True, hide_input_in_errors=True)

    postgres_url: Annotated[SecretStr, _url_of("postgresql", "postgres")]
    nats_url: Annotated[SecretStr, _url_of("nats", "tls", "ws", "wss")]
    """One server or several, separated by commas."""
    redis_url: Annotated[SecretStr, _url_of("redis", "rediss")]

    s3_endpoint: str = Field(pattern=r"^https?://[^@]+$", max_length=2048)
    s3_region: str
    s3_bucket: str
    s3_access_key_id: SecretStr
    s3_secret_access_key: SecretStr

    preflight_deadline_seconds: float = Field(gt=0, le=3600)
    """When to give up, counted from the start."""

    def s3(self) -> S3Settings:
        """Return the settings of the artifact bucket."""
        return S3Settings(
            endpoint=self.s3_endpoint,
            region=self.s3_region,
            bucket=self.s3_bucket,
            access_key_id=self.s3_access_key_id.get_secret_value(),
            secret_access_key=self.s3_secret_access_key,
        )

    def secrets(self) -> frozenset[str]:
        """Return every string that must not be printed, in each form a message may quote it."""
        found = {
            self.s3_access_key_id.get_secret_value(),
            self.s3_secret_access_key.get_secret_value(),
        }
        for url in (self.postgres_url, self.nats_url, self.redis_url):
            found.add(url.get_secret_value())
            for server in split_servers(url):
                parts = urlsplit(server)
                found |= {server, parts.query, unquote(parts.query)}
                password = parts.netloc.rpartition("@")[0].partition(":")[2]
                found |= {password, unquote(password)}
        return frozenset(found - {""})
