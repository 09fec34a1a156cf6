"""The cache key changes with everything that decides a build, and with nothing else."""

import json
from typing import Any

import pytest
from venture_core.artifacts.cachekey import cache_key
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings

DOCUMENT: dict[str, Any] = {
    "kind": "SlideSpec",
    "version": 1,
    "title": "Deck",
    "slides": [{"type": "title", "title": "Hello"}],
}
BASE: dict[str, Any] = {
    "ir": DOCUMENT,
    "assets": {"logo": "a" * 64},
    "gates": GateSettings(),
    "target": "Pptx",
    "toolchain": "pptx-1",
    "bundle_hash": "",
}


def key(**changes: Any) -> str:
    values = {**BASE, **changes}
    return cache_key(**{**values, "ir": parse_ir(json.dumps(values["ir"]).encode())})


def test_the_key_is_a_named_digest() -> None:
    assert key().startswith("sha256:")
    assert len(key()) == len("sha256:") + 64


@pytest.mark.parametrize(
    "change",
    [
        {"ir": {**DOCUMENT, "title": "Other"}},
        {"ir": {**DOCUMENT, "aspect": "4:3"}},
        {"assets": {}},
        {"assets": {"logo": "b" * 64}},
        {"assets": {"mark": "a" * 64}},
        {"gates": GateSettings(overflow=False)},
        {"target": "Pdf"},
        {"toolchain": "pptx-2"},
        {"bundle_hash": "sha256:1"},
    ],
)
def test_it_changes_with(change: dict[str, Any]) -> None:
    assert key(**change) != key()


@pytest.mark.parametrize(
    "change",
    [
        {"ir": dict(reversed(DOCUMENT.items()))},
        {"ir": {**DOCUMENT, "aspect": "16:9", "assets": [], "language": "en-US"}},
        {"ir": {**DOCUMENT, "theme": {"palette": "Harbor", "colors": {}}}},
    ],
)
def test_it_does_not_change_with(change: dict[str, Any]) -> None:
    assert key(**change) == key()


def test_colours_differ_by_value_not_by_case() -> None:
    def themed(color: str) -> str:
        return key(ir={**DOCUMENT, "theme": {"colors": {"primary": color}}})

    assert themed("#abcdef") == themed("#ABCDEF")
    assert themed("#abcdef") != themed("#abcdee")
