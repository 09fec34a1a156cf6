"""Whether the address of a database or a broker means something outside the cluster."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from venture_cli.errors import CliError, ExitCode

_PORTS: Final = {"http": 80, "postgresql": 5432, "postgres": 5432, "nats": 4222}


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A Service of the cluster and one of its ports."""

    namespace: str
    service: str
    port: int


def service_address(endpoint: str) -> ServiceAddress | None:
    """Return the Service that a URL names (`….svc` or `….svc.<cluster domain>`), None for others.

    CliError where it asks for a certificate to be checked against the host's name, which cannot be
    valid for the loopback address we would use.
    """
    url = urlsplit(endpoint)
    service, *rest = (url.hostname or "").split(".")
    if len(rest) < 2 or rest[1] != "svc":  # noqa: PLR2004  namespace and "svc"
        return None
    checks_host = parse_qs(url.query).get("sslmode") == ["verify-full"]
    if url.scheme not in _PORTS or checks_host:
        # Without user and password, which are no business of a terminal.
        where = f"{url.scheme}://{url.hostname}:{url.port or ''}".rstrip(":")
        raise CliError(
            f"{where} is inside the cluster and speaks TLS",
            ExitCode.UNREACHABLE,
            next_step="Name an address that is reachable from here: VENTURE_POSTGRES_URL, "
            "VENTURE_NATS_URL.",
        )
    return ServiceAddress(rest[0], service, url.port or _PORTS[url.scheme])


def local_endpoint(endpoint: str, port: int) -> str:
    """Return the URL with the loopback address in place of its host, user and password kept."""
    url = urlsplit(endpoint)
    credentials, at, _ = url.netloc.rpartition("@")
    return url._replace(netloc=f"{credentials}{at}127.0.0.1:{port}").geturl()
