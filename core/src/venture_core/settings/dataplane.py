"""Settings of the data plane: one mixin for each endpoint.

A program's settings inherit those it needs, so no two may have a validator of one name: pydantic
would take one of them. Every endpoint knows a file with the certificate
authorities to trust; an empty name of a file counts as none, so that a chart may always set it.
"""

import ssl
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from venture_core.objectstore import S3Settings
from venture_core.settings.reading import Settings


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


def _readable(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError("there is no such file")
    return path


type OptionalFile = Annotated[
    Path | None, BeforeValidator(_none_if_empty), AfterValidator(_readable)
]
"""A file that exists, or none."""
type OptionalText = Annotated[
    Annotated[str, Field(max_length=1024)] | None, BeforeValidator(_none_if_empty)
]
type OptionalSecret = Annotated[
    Annotated[SecretStr, Field(max_length=1024)] | None, BeforeValidator(_none_if_empty)
]

type ServiceUrl = Annotated[
    str, StringConstraints(pattern=r"^https?://[^@?#]+[^/@?#]$", max_length=2048)
]
"""Where a service is, without a slash at the end, a login or a query."""


def url_of(*schemes: str) -> AfterValidator:
    """Return the check that a secret is a URL, or several with commas between, of these schemes."""

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


def with_parameters(url: SecretStr, **parameters: str) -> SecretStr:
    """Return the URL with parameters added to its query; those it has already stay."""
    parts = urlsplit(url.get_secret_value())
    given = parse_qs(parts.query, keep_blank_values=True)
    added = [f"{name}={quote(value)}" for name, value in parameters.items() if name not in given]
    query = "&".join([*filter(None, [parts.query]), *added])
    return SecretStr(urlunsplit(parts._replace(query=query)))


class PostgresEndpoint(Settings):
    """The record's database."""

    postgres_url: Annotated[SecretStr, url_of("postgresql", "postgres")]
    """A login of this program's own, with no other role than its own."""
    postgres_ca_file: OptionalFile = None
    """The authorities to trust. With it the server's name is checked too (`verify-full`), unless
    the URL says otherwise."""

    @model_validator(mode="after")
    def _trust_of_postgres(self) -> Self:
        if self.postgres_ca_file is not None:
            url = with_parameters(
                self.postgres_url, sslmode="verify-full", sslrootcert=str(self.postgres_ca_file)
            )
            # The model is frozen for everybody else.
            object.__setattr__(self, "postgres_url", url)
        return self


class NatsEndpoint(Settings):
    """The broker."""

    nats_url: Annotated[SecretStr, url_of("nats", "tls", "ws", "wss")]
    """One server or several, separated by commas; a login of this program's own."""
    nats_ca_file: OptionalFile = None
    """The authorities to trust; with it the connection is encrypted, or there is none."""

    def nats_tls(self) -> ssl.SSLContext | None:
        """Return what the connection is to be encrypted with; None leaves it to the URL."""
        if self.nats_ca_file is None:
            return None
        return ssl.create_default_context(cafile=str(self.nats_ca_file))


class RedisEndpoint(Settings):
    """Redis or Valkey: a cache, never an authority."""

    redis_url: Annotated[SecretStr, url_of("redis", "rediss")]
    redis_ca_file: OptionalFile = None
    """The authorities to trust, for rediss://."""

    @model_validator(mode="after")
    def _trust_of_redis(self) -> Self:
        if self.redis_ca_file is not None:
            if not self.redis_url.get_secret_value().startswith("rediss://"):
                raise ValueError("VENTURE_REDIS_CA_FILE is of use with a rediss:// URL only")
            url = with_parameters(self.redis_url, ssl_ca_certs=str(self.redis_ca_file))
            object.__setattr__(self, "redis_url", url)
        return self


class TreasuryEndpoint(Settings):
    """The release's treasury, and who we are there."""

    treasury_url: ServiceUrl
    treasury_token_file: Path
    """This service's own token for the treasury; the kubelet renews it."""
    serving_ca_file: OptionalFile = None
    """The authorities that sign certificates of our services; none where the URL is http://."""


class S3Endpoint(Settings):
    """The bucket, and who we are there."""

    s3_endpoint: Annotated[str, StringConstraints(pattern=r"^https?://[^@]+$", max_length=2048)]
    s3_region: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    s3_bucket: Annotated[str, StringConstraints(min_length=3, max_length=63)]
    s3_credentials: Literal["AccessKey", "WorkloadIdentity"] = "AccessKey"
    """`WorkloadIdentity` asks the environment of the pod: a projected token for the role that
    AWS_ROLE_ARN names, EKS Pod Identity, or the metadata service of the machine."""
    s3_access_key_id: OptionalText = Field(default=None, validate_default=True)
    s3_secret_access_key: OptionalSecret = Field(default=None, validate_default=True)
    s3_ca_file: OptionalFile = None
    """Authorities to trust besides those of the system."""

    @field_validator("s3_access_key_id", "s3_secret_access_key")
    @classmethod
    def _key_or_identity[T](cls, value: T | None, info: ValidationInfo) -> T | None:
        if value is None and info.data.get("s3_credentials") == "AccessKey":
            raise PydanticCustomError("missing", "is missing")
        return value

    def s3(self) -> S3Settings:
        """Return the settings of the bucket."""
        has_key = self.s3_credentials == "AccessKey"
        return S3Settings(
            endpoint=self.s3_endpoint,
            region=self.s3_region,
            bucket=self.s3_bucket,
            access_key_id=self.s3_access_key_id if has_key else None,
            secret_access_key=self.s3_secret_access_key if has_key else None,
            root_certificate=None if self.s3_ca_file is None else self.s3_ca_file.read_text(),
        )
