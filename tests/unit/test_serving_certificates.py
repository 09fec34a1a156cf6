"""When serving certificates are made anew, and that nobody is shown one that they do not know."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soaking import examples
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
    ANNOUNCED_FOR,
    AUTHORITY_LIFETIME,
    AUTHORITY_SUCCESSOR_BEFORE_END,
    SERVER_LIFETIME,
    SERVER_RENEWED_BEFORE_END,
    flaw,
    signer,
    standing,
    successor_is_due,
    valid,
)
from venture_core.http.tls import ClientTls

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.certificates.pairs import Pair

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOSTS = ("venture-teapot.venture-system.svc",)


def authority(now: datetime = NOW) -> Pair:
    return make_authority("tests", now=now, lifetime=AUTHORITY_LIFETIME)


def server(signed_by: Pair, now: datetime = NOW) -> Pair:
    return issue(signed_by, HOSTS, now=now, lifetime=SERVER_LIFETIME)


def test_pairs_survive_being_written() -> None:
    pairs = (authority(), authority(NOW + timedelta(days=1)))
    again = read_pairs(write_pairs(pairs))
    assert [each.certificate for each in again] == [each.certificate for each in pairs]
    assert [each.key_pem() for each in again] == [each.key_pem() for each in pairs]
    assert again[0].made == NOW
    assert read_pairs("") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing of the kind", "PEM"),
        (authority().certificate_pem(), "one key for each"),
        (authority().key_pem(), "one key for each"),
        (authority().certificate_pem() + authority().key_pem(), "not the certificate's"),
    ],
)
def test_what_is_no_pair_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_pairs(text)


def test_a_key_belongs_to_its_certificate() -> None:
    with pytest.raises(ValueError, match="not the certificate's"):
        read_pair(authority().certificate_pem(), authority().key_pem())


LAST_DAYS = AUTHORITY_LIFETIME - AUTHORITY_SUCCESSOR_BEFORE_END


@pytest.mark.parametrize(
    ("ages", "due"),
    [
        ([], True),
        ([timedelta()], False),
        ([LAST_DAYS - timedelta(minutes=1)], False),
        ([LAST_DAYS + timedelta(minutes=1)], True),
        ([LAST_DAYS + timedelta(days=1), timedelta()], False),
    ],
)
def test_a_successor_is_made_in_time(ages: list[timedelta], due: bool) -> None:
    authorities = standing([authority(NOW - age) for age in ages], NOW)
    assert successor_is_due(authorities, NOW) is due


def test_a_successor_signs_once_it_was_announced() -> None:
    old, new = authority(NOW - LAST_DAYS), authority()
    both = standing([new, old], NOW)
    assert both == (old, new)
    assert signer(both, NOW) is old
    assert signer(both, NOW + ANNOUNCED_FOR) is new
    assert signer((new,), NOW) is new, "the first of all cannot wait"
    assert standing(both, old.ends) == (new,)


@pytest.mark.parametrize(
    ("later", "hosts", "said"),
    [
        (timedelta(), HOSTS, ""),
        (SERVER_LIFETIME - SERVER_RENEWED_BEFORE_END - timedelta(minutes=1), HOSTS, ""),
        (SERVER_LIFETIME - SERVER_RENEWED_BEFORE_END + timedelta(minutes=1), HOSTS, "ends soon"),
        (timedelta(), (*HOSTS, "another"), "other names"),
    ],
)
def test_what_is_wrong_with_a_certificate(
    later: timedelta, hosts: tuple[str, ...], said: str
) -> None:
    one = authority()
    found = flaw(server(one), hosts, (one,), NOW + later)
    assert (said in found) if said else not found


def test_a_certificate_that_nobody_trusts_is_made_anew() -> None:
    one, other = authority(), authority()
    assert "signed" in flaw(server(one), HOSTS, (other,), NOW)
    assert flaw(None, HOSTS, (one,), NOW) == "there is none"


def test_ended_authorities_leave_a_bundle() -> None:
    old, new = authority(NOW - AUTHORITY_LIFETIME).certificate, authority().certificate
    assert valid([old, new, new], NOW) == [new]
    assert read_certificates(certificates_pem([old, new])) == (old, new)
    assert read_certificates("") == ()


@settings(max_examples=examples(60))
@given(
    st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=80)), min_size=1, max_size=12),
    st.timedeltas(timedelta(minutes=1), ANNOUNCED_FOR),
)
def test_whoever_read_the_bundle_an_hour_ago_trusts_what_is_shown_now(
    pauses: list[timedelta], behind: timedelta
) -> None:
    """However long the operator is away, up to eighty days, between its looks."""
    now = NOW
    authorities: tuple[Pair, ...] = ()
    bundles: list[tuple[datetime, set[str]]] = []
    shown: Pair | None = None
    for pause in pauses:
        now += pause
        had_some = bool(standing(authorities, now))
        authorities = standing(authorities, now)
        if successor_is_due(authorities, now):
            authorities = (*authorities, authority(now))
        bundles.append((now, {each.certificate_pem() for each in authorities}))
        if flaw(shown, HOSTS, authorities, now):
            shown = server(signer(authorities, now), now)
        assert shown is not None
        assert not flaw(shown, HOSTS, authorities, now)
        assert shown.ends <= max(each.ends for each in authorities)
        known = [bundle for at, bundle in bundles if at <= now - behind]
        if had_some and known:
            trusted = [each for each in authorities if each.certificate_pem() in known[-1]]
            assert not flaw(shown, HOSTS, trusted, now)


def test_a_real_handshake_believes_it(tmp_path: Path) -> None:
    """OpenSSL agrees: by the right name, by either of two authorities, and by no third."""
    moment = datetime.now(UTC)
    old, new = authority(moment), authority(moment)
    serving = _serving(tmp_path, server(new, moment))
    _handshake(serving, [old, new], HOSTS[0])
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        _handshake(serving, [old], HOSTS[0])
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        _handshake(serving, [new], "venture-other.venture-system.svc")


async def test_a_client_takes_renewed_authorities(tmp_path: Path) -> None:
    """Without a restart; and as long as the bundle is unreadable, with those of before."""
    moment = datetime.now(UTC)
    old, new = authority(moment), authority(moment)
    bundle = tmp_path / "ca.crt"
    bundle.write_text(old.certificate_pem())
    client = ClientTls(bundle)
    serving = _serving(tmp_path, server(new, moment))
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake(serving, client.context, HOSTS[0])
    for renewed in (old.certificate_pem() + new.certificate_pem(), "half"):
        bundle.write_text(renewed)
        await client.look()
        _shake(serving, client.context, HOSTS[0])


def _handshake(serving: ssl.SSLContext, trusted: list[Pair], host: str) -> None:
    bundle = certificates_pem(each.certificate for each in trusted)
    _shake(serving, ssl.create_default_context(cadata=bundle), host)


def _serving(folder: Path, certificate: Pair) -> ssl.SSLContext:
    (folder / "tls.crt").write_text(certificate.certificate_pem())
    (folder / "tls.key").write_text(certificate.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return context


def _shake(serving: ssl.SSLContext, client: ssl.SSLContext, host: str) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=host)
    theirs = serving.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ours.getpeercert()
