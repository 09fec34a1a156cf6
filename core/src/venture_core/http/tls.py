"""TLS of servers and of those who call them, with files that are renewed meanwhile."""

import asyncio
import hashlib
import ssl
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, override

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOOK_SECONDS: Final = 10.0
"""How often the files are looked at. The kubelet brings a renewed Secret within a minute or two."""

log = structlog.get_logger(__name__)


class Renewed(ABC):
    """Something made of files, made again when they change. Raises OSError where one is missing."""

    def __init__(self, *files: Path) -> None:
        self._files = files
        self._seen = self._fingerprint()

    @abstractmethod
    def reload(self) -> None:
        """Use what the files hold now; on an error go on with what was used."""

    async def run(self) -> None:
        """Reload whenever the files have changed, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Reload if the files have changed."""
        try:
            seen = await asyncio.to_thread(self._fingerprint)
        except OSError:
            log.exception("cannot read the certificate")
            return
        if seen != self._seen:
            self._seen = seen
            self.reload()

    def _fingerprint(self) -> bytes:
        return hashlib.sha256(b"".join(file.read_bytes() for file in self._files)).digest()


class ServerTls(Renewed):
    """The context of a server; a connection gets the certificate that is current when it begins.

    `client_authority` gives the PEM of the authorities whose client certificates are accepted; a
    client may come without one, but not with one of another authority. None asks for none.
    Raises OSError and ssl.SSLError where the files cannot be used.
    """

    def __init__(
        self, certificate: Path, key: Path, client_authority: Callable[[], str] | None = None
    ) -> None:
        super().__init__(certificate, key)
        self._certificate = certificate
        self._key = key
        self._client_authority = client_authority
        self._current = self._load()
        # What listens stays; each handshake is handed over to the current context.
        self.context = self._load()
        self.context.sni_callback = self._hand_over

    @override
    def reload(self) -> None:
        try:
            self._current = self._load()
        except OSError, ssl.SSLError:
            log.exception("cannot load the renewed certificate")
        else:
            log.info("serving a renewed certificate")

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self._certificate, self._key)
        if self._client_authority is not None:
            context.load_verify_locations(cadata=self._client_authority())
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _hand_over(self, tls: ssl.SSLObject, _name: str | None, _listening: object) -> None:
        tls.context = self._current


class ClientTls(Renewed):
    """The context of a client that trusts the authorities of a file, and no others.

    An authority that comes later is trusted too from then on; one that went is trusted until the
    process ends, or the certificate does. Raises OSError and ssl.SSLError at the beginning.
    """

    def __init__(self, authorities: Path) -> None:
        super().__init__(authorities)
        self._authorities = authorities
        self.context = ssl.create_default_context(cafile=str(authorities))
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2

    @override
    def reload(self) -> None:
        try:
            self.context.load_verify_locations(str(self._authorities))
        except OSError, ssl.SSLError:
            log.exception("cannot load the renewed authorities")
        else:
            log.info("trusting the renewed authorities")
