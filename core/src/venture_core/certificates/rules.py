"""When certificates are made anew, and whom to trust meanwhile. Pure: the time comes in.

Everything follows from the certificates themselves. An authority that ends soon gets a successor,
which is trusted at once and signs an hour later, when everybody has heard of it; the old one is
trusted until it ends. So at no moment does a server show what its clients do not trust.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from venture_core.certificates.pairs import Pair

AUTHORITY_LIFETIME: Final = timedelta(days=365)
AUTHORITY_SUCCESSOR_BEFORE_END: Final = timedelta(days=90)
"""How long before an authority ends its successor is made: longer than anything it signed lives."""
ANNOUNCED_FOR: Final = timedelta(hours=1)
"""How long an authority is trusted before it signs. Mounted bundles are read anew in minutes."""
SERVER_LIFETIME: Final = timedelta(days=30)
SERVER_RENEWED_BEFORE_END: Final = timedelta(days=10)
"""How long before its end a server's certificate is renewed: so long the operator may be away."""


def standing(authorities: Iterable[Pair], now: datetime) -> tuple[Pair, ...]:
    """Return the authorities that are still valid, the oldest first."""
    return tuple(sorted((one for one in authorities if one.ends > now), key=lambda one: one.made))


def successor_is_due(authorities: Sequence[Pair], now: datetime) -> bool:
    """Return whether another authority has to be made, next to those that stand."""
    return all(one.ends - now < AUTHORITY_SUCCESSOR_BEFORE_END for one in authorities)


def signer(authorities: Sequence[Pair], now: datetime) -> Pair:
    """Return the authority that signs: the newest that was announced, else the oldest of all."""
    announced = [one for one in authorities if one.made + ANNOUNCED_FOR <= now]
    return announced[-1] if announced else authorities[0]


def flaw(
    server: Pair | None, hosts: tuple[str, ...], authorities: Iterable[Pair], now: datetime
) -> str:
    """Return why a server needs another certificate, in words; empty where it does not."""
    if server is None:
        return "there is none"
    if server.ends - now < SERVER_RENEWED_BEFORE_END:
        return "it ends soon"
    if _hosts(server.certificate) != set(hosts):
        return "it has other names"
    if not any(_is_signed_by(server.certificate, each.certificate) for each in authorities):
        return "no authority that stands has signed it"
    return ""


def valid(certificates: Iterable[x509.Certificate], now: datetime) -> list[x509.Certificate]:
    """Return those that have not ended, each once, in their order."""
    return list(dict.fromkeys(one for one in certificates if one.not_valid_after_utc > now))


def _hosts(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return set(names.value.get_values_for_type(x509.DNSName))


def _is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except ValueError, TypeError, InvalidSignature:
        return False
    return True
