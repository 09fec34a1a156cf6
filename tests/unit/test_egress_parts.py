"""The proxy's pure parts: heads, addresses, and the name in a ClientHello."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from soaking import examples
from tlshello import hello
from venture_egress_proxy.addresses import may_dial
from venture_egress_proxy.head import (
    AddressError,
    Destination,
    HeadError,
    destination,
    parse_head,
)
from venture_egress_proxy.hello import HelloError, server_name


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1::1", True, True),
        ("10.1.2.3", False, True),
        ("172.31.0.1", False, True),
        ("192.168.0.1", False, True),
        ("fd00::1", False, True),
        ("::ffff:10.1.2.3", False, True),
        ("::ffff:93.184.216.34", True, True),
        ("127.0.0.1", False, False),
        ("0.0.0.0", False, False),  # noqa: S104
        ("169.254.169.254", False, False),
        ("100.64.0.1", False, False),
        ("224.0.0.1", False, False),
        ("255.255.255.255", False, False),
        ("192.0.2.1", False, False),
        ("::1", False, False),
        ("::", False, False),
        ("fe80::1", False, False),
        ("ff02::1", False, False),
        ("::ffff:a9fe:a9fe", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("64:ff9b::a01:203", False, False),
        ("64:ff9b:1::a01:203", False, False),
        ("64:ff9b::5db8:d822", True, True),
        ("2002:a9fe:a9fe::", False, False),
        ("2002:5db8:d822::1", False, False),
        ("2001:0:5db8:d822::1", False, False),
    ],
)
def test_which_addresses_are_dialled(address: str, public: bool, private: bool) -> None:
    assert may_dial(address, private=False) is public
    assert may_dial(address, private=True) is private


def leads(data: bytes) -> Destination:
    return destination(parse_head(data))


def test_a_connect_is_read() -> None:
    head = parse_head(
        b"CONNECT Example.com:443 HTTP/1.1\r\nHost: evil.com\r\n"
        b"Proxy-Authorization: Bearer abc\r\n\r\n"
    )
    to = destination(head)
    assert (head.token, to.is_tunnel) == ("abc", True)
    assert (to.host, to.port, to.url) == ("example.com", 443, "https://example.com/")


@pytest.mark.parametrize(
    ("given", "nonce"),
    [
        (b"Proxy-Nonce: abcdefghij-_0123\r\n", "abcdefghij-_0123"),
        (b"", None),
        (b"Proxy-Nonce: short\r\n", None),
        (b"Proxy-Nonce: " + b"a" * 65 + b"\r\n", None),
        (b"Proxy-Nonce: abcdefghij 0123456\r\n", None),
        (b"Proxy-Nonce: abcdefghij-_0123\r\n" * 2, None),
    ],
)
def test_a_nonce_is_kept_for_our_answers_and_told_to_no_page(
    given: bytes, nonce: str | None
) -> None:
    head = parse_head(b"GET http://example.com/ HTTP/1.1\r\n" + given + b"\r\n")
    assert head.nonce == nonce
    assert b"nonce" not in destination(head).onward.lower()


def test_a_plain_request_goes_on_with_the_host_that_was_judged() -> None:
    to = leads(
        b"POST http://example.com:8080/a/b?c=d#e HTTP/1.1\r\nHost: evil.com\r\nX-A: b\r\n"
        b"Connection: x-b\r\nX-B: c\r\nProxy-Authorization: Bearer abc\r\n"
        b"Content-Length: 5\r\n\r\n"
    )
    assert (to.host, to.port, to.body_bytes) == ("example.com", 8080, 5)
    assert to.onward == (
        b"POST /a/b?c=d HTTP/1.1\r\nHost: example.com:8080\r\nx-a: b\r\ncontent-length: 5\r\n"
        b"Connection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    "target",
    [
        "http://example.com",
        "http://EXAMPLE.com:80/#secret",
        "http://example.com.:8080/a..b/...?x=/../y#z",
        "http://example.com?x=/y",
    ],
)
def test_what_is_judged_is_what_is_sent(target: str) -> None:
    to = leads(f"GET {target} HTTP/1.1\r\nHost: evil.com\r\n\r\n".encode())
    line, host = to.onward.decode().split("\r\n")[:2]
    assert to.url == f"http://{host.removeprefix('Host: ')}{line.split()[1]}"


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET https://example.com/ HTTP/1.1\r\n\r\n",
        b"GET http://user@example.com/ HTTP/1.1\r\n\r\n",
        b"GET http://127.1/ HTTP/1.1\r\n\r\n",
        b"GET http://169.254.169.254/latest HTTP/1.1\r\n\r\n",
        b"GET http://[::ffff:a9fe:a9fe]/ HTTP/1.1\r\n\r\n",
        b"GET http://0x7f.1/ HTTP/1.1\r\n\r\n",
        b"GET http://2130706433/ HTTP/1.1\r\n\r\n",
        "GET http://exämple.com/ HTTP/1.1\r\n\r\n".encode(),
        b"GET http://example.com/docs/../secret HTTP/1.1\r\n\r\n",
        b"GET http://example.com/docs/%2E./secret HTTP/1.1\r\n\r\n",
        b"GET http://example.com/docs/.?a=b HTTP/1.1\r\n\r\n",
        b"CONNECT example.com HTTP/1.1\r\n\r\n",
        b"CONNECT 10.0.0.1:443 HTTP/1.1\r\n\r\n",
        b"CONNECT [::1]:443 HTTP/1.1\r\n\r\n",
        b"CONNECT example.com:0 HTTP/1.1\r\n\r\n",
        b"CONNECT example.com:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT a@example.com:443 HTTP/1.1\r\n\r\n",
    ],
)
def test_addresses_that_are_refused(head: bytes) -> None:
    parsed = parse_head(head.removesuffix(b"\r\n") + b"Proxy-Authorization: Bearer abc\r\n\r\n")
    # Who asked is known, so that the refusal is on record.
    assert parsed.token == "abc"  # noqa: S105
    with pytest.raises(AddressError):
        destination(parsed)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"POST http://example.com/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST http://example.com/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET http://example.com/ HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n",
        b"GET http://example.com/ HTTP/1.1\r\nA: b\nHost: evil\r\n\r\n",
    ],
)
def test_heads_that_are_refused(head: bytes) -> None:
    with pytest.raises(HeadError):
        parse_head(head)


def test_the_name_in_a_hello_is_found_however_it_is_cut() -> None:
    whole = hello("example.com")
    assert server_name(whole) == "example.com"
    for cut in range(len(whole)):
        assert server_name(whole[:cut]) is None


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", hello(None), b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", b"\x17"],
)
def test_what_names_nobody_is_no_hello(data: bytes) -> None:
    with pytest.raises(HelloError):
        server_name(data)


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: hello("a.b")[:80] + tail))
@hypothesis_settings(max_examples=examples(300), deadline=None)
def test_no_bytes_break_the_readers(data: bytes) -> None:
    for read in (server_name, leads):
        try:
            read(data)
        except HelloError, HeadError, AddressError:
            continue
