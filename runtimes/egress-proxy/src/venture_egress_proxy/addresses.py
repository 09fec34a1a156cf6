"""Which addresses may be dialled: public ones, private ones only for names that are listed."""

import ipaddress
from typing import Final

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_PRIVATE: Final = tuple(
    ipaddress.ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)


def may_dial(text: str, *, private: bool) -> bool:
    """Return whether an address may be dialled; with `private` those of private networks, too.

    Never loopback, link-local (where clouds keep their metadata), carrier-grade, multicast or
    reserved ones, and none that hides such a one: mapped, NAT64, 6to4 or Teredo.
    """
    address: Address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return may_dial(str(address.ipv4_mapped), private=private)
        if address in _NAT64:
            return may_dial(str(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)), private=False)
        if address.sixtofour is not None or address.teredo is not None:
            return False
    if any(address.version == each.version and address in each for each in _PRIVATE):
        return private
    return address.is_global and not address.is_multicast
