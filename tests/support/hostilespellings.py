"""Documents that are wrong as text, before they say anything: whatever kind they would be."""

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostilepages import Attack


def spelled(values: str, *, kind: str = "SlideSpec", target: str = "Pptx") -> Attack:
    """Make a document whose further fields are spelled so."""
    return f'{{"kind":"{kind}","version":1,{values}}}'.encode(), target, {}


def titled(title: str) -> Attack:
    """Make a deck whose title is spelled so."""
    return spelled(f'"title":{title},"slides":[{{"type":"title","title":"t"}}]')


ATTACKS: Final[dict[str, Callable[[], Attack]]] = {
    "half of a letter": lambda: titled('"\\ud800"'),
    "letter that ends texts": lambda: titled('"a\\u0000b"'),
    "number of five thousand digits": lambda: (
        b'{"kind":"SlideSpec","version":' + b"1" * 5000 + b',"title":"t","slides":[]}',
        "Pptx",
        {},
    ),
    "number with an exponent of millions": lambda: spelled(
        '"title":"t","slides":[{"type":"chart","title":"c","chart":{"type":"bar",'
        '"categories":["a"],"series":[{"name":"s","values":[1e9999999]}]}}]'
    ),
    "lists without end": lambda: (b"[" * 500_000, "Pptx", {}),
    "lists a million deep in a field": lambda: spelled(
        f'"title":"t","slides":{"[" * 400_000}{"]" * 400_000}'
    ),
    "the same name twice": lambda: titled('"a","title":"b"'),
    "names without end": lambda: (
        json.dumps({f"n{number}": 1 for number in range(60_000)}).encode(),
        "Pptx",
        {},
    ),
    "bytes that are no text": lambda: (b'{"kind":"\xff\xfe"}', "Pptx", {}),
    "aliases of YAML that multiply": lambda: (
        b"a: &a [x,x,x,x]\n"
        + b"".join(
            b"%c: &%c [*%c,*%c,*%c]\n" % (n, n, n - 1, n - 1, n - 1) for n in range(98, 115)
        ),
        "Pptx",
        {},
    ),
    "entities of XML that multiply": lambda: (
        b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><a>&b;</a>',
        "Docx",
        {},
    ),
    "package of Office that unpacks to gigabytes": lambda: (
        b"PK\x03\x04" + bytes(900_000),
        "Xlsx",
        {},
    ),
    "kind that there is not": lambda: (b'{"kind":"__class__"}', "Pdf", {}),
    "pattern that takes for ever": lambda: spelled(
        f'"title":"t","language":"{"a" * 60}-{"0" * 500_000}!","slides":[]'
    ),
    "name of an asset that leads out": lambda: spelled(
        '"title":"t","slides":[{"type":"image","title":"i","image":"../../etc/passwd"}]'
    ),
    "picture of the document itself": lambda: spelled(
        '"title":"t","assets":[{"name":"a","data":"' + "A" * 65_000 + '"}],'
        '"slides":[{"type":"image","title":"i","image":"a","altText":"x"}]'
    ),
}
"""Each attack by its name."""
