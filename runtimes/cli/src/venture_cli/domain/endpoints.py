"""Whether a store's address means something outside the cluster."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from venture_cli.errors import CliError, ExitCode

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A Service of the cluster and one of its ports."""

    namespace: str
    service: str
    port: int


def service_address(endpoint: str) -> ServiceAddress | None:
    """Return the Service that a URL names (`….svc` or `….svc.<cluster domain>`), None for others.

    CliError for https: its certificate cannot be valid for the loopback address we would use.
    """
    url = urlsplit(endpoint)
    service, *rest = (url.hostname or "").split(".")
    if len(rest) < 2 or rest[1] != "svc":  # noqa: PLR2004  namespace and "svc"
        return None
    if url.scheme != "http":
        raise CliError(
            f"the object store {endpoint} is inside the cluster and speaks TLS",
            ExitCode.UNREACHABLE,
            next_step="Set VENTURE_S3_ENDPOINT and its siblings to an address reachable from here.",
        )
    return ServiceAddress(rest[0], service, url.port or _PORTS[url.scheme])


def local_endpoint(endpoint: str, port: int) -> str:
    """Return the URL with the loopback address in place of its host."""
    return urlsplit(endpoint)._replace(netloc=f"127.0.0.1:{port}").geturl()
