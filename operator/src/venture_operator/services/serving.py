"""Serving certificates of the release's services: made, renewed, and known to whoever calls.

The leader looks every minute. First it sees to the authorities and to those who trust them, then
to what they sign: nobody is shown a certificate that they cannot know yet. With an issuer of the
cluster (cert-manager) the certificates come from there, and only the trust is kept here.
"""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog
from venture_core.certificates.pairs import (
    certificates_pem,
    issue,
    make_authority,
    read_certificates,
    read_pair,
    read_pairs,
    write_pairs,
)
from venture_core.certificates.rules import (
    AUTHORITY_LIFETIME,
    SERVER_LIFETIME,
    flaw,
    signer,
    standing,
    successor_is_due,
    valid,
)
from venture_core.kubernetes.errors import KubernetesError

from venture_operator import metrics
from venture_operator.storage.serving import AUTHORITY_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509
    from venture_core.certificates.pairs import Pair

    from venture_operator.settings import ServingSettings
    from venture_operator.storage.serving import ServingStore

LOOK_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 5.0
"""When it is looked again after an error: a pod may wait for its certificate."""
AUTHORITIES_KEY: Final = "authorities.pem"
CERTIFICATE_KEY: Final = "tls.crt"
PRIVATE_KEY: Final = "tls.key"

log = structlog.get_logger(__name__)


class Serving:
    """Keeps the certificates of one release; only the leader runs it."""

    def __init__(
        self,
        store: ServingStore,
        settings: ServingSettings,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._trouble = ""

    def complaints(self) -> list[str]:
        """Return what keeps certificates from being renewed."""
        return [self._trouble] if self._trouble else []

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except KubernetesError as error:
                self._trouble = f"serving certificates cannot be seen to: {error.message}"
                log.warning("serving_certificates_failed", error=error.message)
            await asyncio.sleep(RETRY_SECONDS if self._trouble else LOOK_SECONDS)

    async def look(self) -> None:
        """Make and renew what is due. Raises KubernetesError; whatever it repeats is the same."""
        if self._settings.issued_elsewhere:
            await self._trust(await self._issued_elsewhere())
        else:
            authorities = await self._authorities()
            await self._trust([each.certificate for each in authorities])
            for secret, hosts in self._settings.servers.items():
                await self._serve(secret, hosts, authorities)
        self._trouble = ""

    async def _authorities(self) -> tuple[Pair, ...]:
        """Return the authorities that stand, with a new one where it is due."""
        now = self._now()
        kept = await self._store.read(self._settings.authority)
        known = _pairs(kept.data.get(AUTHORITIES_KEY, ""))
        authorities = standing(known, now)
        if successor_is_due(authorities, now):
            made = make_authority(self._settings.authority, now=now, lifetime=AUTHORITY_LIFETIME)
            authorities = (*authorities, made)
            log.info("serving_authority_made", ends=made.ends.isoformat())
        if authorities != known:
            await self._store.write(kept, {AUTHORITIES_KEY: write_pairs(authorities)})
        return authorities

    async def _serve(
        self, secret: str, hosts: tuple[str, ...], authorities: tuple[Pair, ...]
    ) -> None:
        now = self._now()
        kept = await self._store.read(secret)
        server = _pair(kept.data)
        if why := flaw(server, hosts, authorities, now):
            server = issue(signer(authorities, now), hosts, now=now, lifetime=SERVER_LIFETIME)
            data = {CERTIFICATE_KEY: server.certificate_pem(), PRIVATE_KEY: server.key_pem()}
            await self._store.write(kept, data)
            log.info("serving_certificate_issued", secret=secret, because=why)
        if server is not None:
            metrics.CERTIFICATE_ENDS.labels(secret).set(server.ends.timestamp())

    async def _issued_elsewhere(self) -> list[x509.Certificate]:
        """Return the authorities of what an issuer of the cluster gave, and those of before."""
        settings = self._settings
        texts = []
        for secret in settings.servers:
            held = (await self._store.read(secret)).data
            texts.append(held.get(AUTHORITY_KEY, ""))
            for certificate in _certificates(held.get(CERTIFICATE_KEY, ""))[:1]:
                ends = certificate.not_valid_after_utc.timestamp()
                metrics.CERTIFICATE_ENDS.labels(secret).set(ends)
        # Another server may still show what the authority of before has signed.
        before = await self._store.bundle(settings.namespaces[0], settings.config_map)
        found = [each for text in (*texts, before) for each in _certificates(text)]
        return valid(found, self._now())

    async def _trust(self, authorities: list[x509.Certificate]) -> None:
        """Tell everybody who calls us whom to trust; nobody is told of nobody."""
        if not authorities:
            return
        bundle = certificates_pem(authorities)
        for namespace in self._settings.namespaces:
            await self._store.publish(namespace, self._settings.config_map, bundle)
        for registration in self._settings.registrations:
            await self._store.register(registration.resource, registration.name, bundle)


def _pairs(text: str) -> tuple[Pair, ...]:
    """Return the authorities of a text; what cannot be read is replaced, and the log says so."""
    try:
        return read_pairs(text)
    except ValueError as error:
        log.warning("serving_authorities_unreadable", error=str(error))
        return ()


def _pair(data: dict[str, str]) -> Pair | None:
    try:
        return read_pair(data[CERTIFICATE_KEY], data[PRIVATE_KEY])
    except KeyError, ValueError:
        return None


def _certificates(pem: str) -> tuple[x509.Certificate, ...]:
    try:
        return read_certificates(pem)
    except ValueError as error:
        log.warning("serving_bundle_unreadable", error=str(error))
        return ()
