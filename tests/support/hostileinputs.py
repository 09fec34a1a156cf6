"""Every hostile document there is for the compile program, by its name, and how each has to end."""

from typing import TYPE_CHECKING, Final

import hostilemarkup
import hostileoffice
import hostilepages
import hostilepictures
import hostilespellings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostilepages import Attack

_SOURCES: Final = (hostilespellings, hostileoffice, hostilemarkup, hostilepictures, hostilepages)
ATTACKS: Final[dict[str, Callable[[], Attack]]] = {
    name: attack for source in _SOURCES for name, attack in source.ATTACKS.items()
}
"""Each attack by its name."""
