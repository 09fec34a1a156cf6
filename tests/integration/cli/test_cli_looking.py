"""Documents of builds, read out of a real cluster by whoever may read them."""

import hashlib
from typing import TYPE_CHECKING

import pytest
from builds import Builds, unique_deck
from clibuilds import report
from venture_cli.errors import ExitCode
from venture_core.artifacts.ir.brand import branded, parse_brand
from venture_core.canonical import canonical_json
from venture_core.kubernetes.resources import CONFIG_MAPS
from venture_operator.domain import conditions

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient
    from venturecommand import Venture


@pytest.fixture
def builds(client: KubernetesClient, namespace: str) -> Builds:
    return Builds(client, namespace)


async def test_a_document_that_has_changed_since_is_not_taken_for_what_was_built(
    builds: Builds, venture: Venture, client: KubernetesClient, namespace: str
) -> None:
    document = canonical_json(unique_deck(2))
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "words"},
        "data": {"ir.json": document.decode()},
    }
    await client.create(CONFIG_MAPS, body, namespace)
    source = {"configMapRef": {"name": "words", "key": "ir.json"}}
    await builds.create("deck", source=source)
    digest = hashlib.sha256(document).hexdigest()
    stalled = conditions.stalled("GateFailed", "a slide is empty")
    await report(builds, "deck", stalled, phase="Failed", documentSha256=digest)
    ended = await venture(
        *("artifact", "preview", "deck", "-n", namespace, "--width", "64", "--pages", "2")
    )
    assert ended.code == ExitCode.OK, ended.err
    assert ended.text == "saved 1 of 2 pages in deck-pages\n"

    house = {"theme.json": '{"version": 1, "palette": "Ember"}'}
    await client.create(
        CONFIG_MAPS, body | {"metadata": {"name": "house"}, "data": house}, namespace
    )
    theme = {"configMapRef": {"name": "house", "key": "theme.json"}}
    await builds.create("themed", source=source, theme=theme)
    ended = await venture("artifact", "diff", "deck", "themed", "-n", namespace)
    assert ended.text.splitlines()[:2] == ["document", "  theme, palette: “Harbor” → “Ember”"]
    under = branded(document, parse_brand(house["theme.json"].encode()))
    digest = hashlib.sha256(under).hexdigest()
    await report(builds, "themed", stalled, phase="Failed", documentSha256=digest)
    ended = await venture(
        *("artifact", "preview", "themed", "-n", namespace, "--width", "64", "--pages", "1")
    )
    assert ended.code == ExitCode.OK, ended.err

    changed = {"data": {"ir.json": canonical_json(unique_deck(2)).decode()}}
    await client.patch(CONFIG_MAPS, "words", changed, namespace)
    for command in (("preview", "deck"), ("diff", "deck", "deck")):
        ended = await venture("artifact", *command, "-n", namespace)
        assert ended.code == ExitCode.NOT_FOUND
        assert "ConfigMap words has changed since the build" in ended.err
