"""Certificates with their keys: made, signed, and read again."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a certificate's beginning lies before the moment it is made: clocks differ."""
_KEY: Final = re.compile(r"-----BEGIN PRIVATE KEY-----.+?-----END PRIVATE KEY-----\n?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def made(self) -> datetime:
        """When it was made."""
        return self.certificate.not_valid_before_utc + CLOCK_SKEW

    @property
    def ends(self) -> datetime:
        """Until when it is valid."""
        return self.certificate.not_valid_after_utc

    def certificate_pem(self) -> str:
        """Return the certificate."""
        return certificates_pem([self.certificate])

    def key_pem(self) -> str:
        """Return the key, unencrypted (PKCS#8)."""
        encoded = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return encoded.decode()


def make_authority(name: str, *, now: datetime, lifetime: timedelta) -> Pair:
    """Return a new authority that may sign certificates of servers, and of nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Two authorities of one name would make a client try the wrong one first.
    subject = _subject(f"{name[:40]} {now:%Y-%m-%d} {x509.random_serial_number():x}"[:64])
    built = (
        _builder(subject, subject, key.public_key(), key.public_key(), now, now + lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return Pair(built.sign(key, hashes.SHA256()), key)


def issue(authority: Pair, hosts: tuple[str, ...], *, now: datetime, lifetime: timedelta) -> Pair:
    """Return a new certificate of a server with these DNS names; it ends with its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    ends = min(now + lifetime, authority.ends)
    issuer = authority.certificate.subject
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    built = (
        _builder(
            _subject(hosts[0][:64]),
            issuer,
            key.public_key(),
            authority.key.public_key(),
            now,
            ends,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
    )
    return Pair(built.sign(authority.key, hashes.SHA256()), key)


def read_pair(certificate_pem: str, key_pem: str) -> Pair:
    """Read a pair from PEM. ValueError where it is none, or the key is another certificate's."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    try:
        key = load_pem_private_key(key_pem.encode(), password=None)
    except TypeError as error:
        raise ValueError("the key is encrypted") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or (
        key.public_key() != certificate.public_key()
    ):
        raise ValueError("the key is not the certificate's")
    return Pair(certificate, key)


def write_pairs(pairs: Iterable[Pair]) -> str:
    """Return several pairs as one text: each certificate, then its key."""
    return "".join(each.certificate_pem() + each.key_pem() for each in pairs)


def read_pairs(text: str) -> tuple[Pair, ...]:
    """Read what `write_pairs` wrote, in its order. ValueError where it is something else."""
    keys = _KEY.findall(text)
    certificates = read_certificates(_KEY.sub("", text))
    if len(keys) != len(certificates):
        raise ValueError("there is not one key for each certificate")
    found = zip(certificates, keys, strict=True)
    return tuple(read_pair(certificates_pem([certificate]), key) for certificate, key in found)


def read_certificates(pem: str) -> tuple[x509.Certificate, ...]:
    """Read the certificates of a bundle, none of an empty one. ValueError where it is none."""
    return tuple(x509.load_pem_x509_certificates(pem.encode())) if pem.strip() else ()


def certificates_pem(certificates: Iterable[x509.Certificate]) -> str:
    """Return a bundle of certificates."""
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    now: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before((now - CLOCK_SKEW).astimezone(UTC))
        .not_valid_after(ends.astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
