"""FILE: JSON or YAML, a document or a manifest, and every way in which it can be wrong."""

import json
from typing import Any

import pytest
from venture_cli.domain.documents import MAX_FILE_BYTES, check_document, read_source
from venture_cli.errors import CliError, ExitCode

DECK: dict[str, Any] = {
    "kind": "SlideSpec",
    "version": 1,
    "title": "A deck",
    "slides": [{"type": "title", "title": "A deck"}],
}
IMAGE_SLIDE = {"type": "image", "title": "A picture", "image": "logo", "altText": "A logo"}
DECK_YAML = b"""\
kind: SlideSpec
version: 1
title: 2026-01-01
author: no
slides:
  - {type: title, title: 1.10.0}
"""


def manifest(**source: Any) -> dict[str, Any]:
    return {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": "a-deck"},
        "spec": {"target": "Pptx", "source": source},
    }


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


def refusal(data: bytes, origin: str = "deck.json", assets: tuple[str, ...] = ()) -> str:
    with pytest.raises(CliError) as caught:
        check_document(read_source(data, origin), assets, origin)
    assert caught.value.code is ExitCode.BUILD_FAILED
    return "\n".join((str(caught.value), *caught.value.details))


@pytest.mark.parametrize("origin", ["deck.json", "-", "deck", "deck.yaml"])
def test_a_document_in_json_is_read_wherever_it_comes_from(origin: str) -> None:
    source = read_source(encode(DECK), origin)
    assert source.ir == DECK
    assert source.manifest is None
    spec = check_document(source, (), origin)
    assert spec is not None
    assert spec.title == "A deck"


@pytest.mark.parametrize("origin", ["deck.yaml", "deck.YML", "-"])
def test_yaml_means_what_its_author_sees(origin: str) -> None:
    source = read_source(DECK_YAML, origin)
    spec = check_document(source, (), origin)
    assert spec is not None
    assert (spec.title, spec.author, spec.slides[0].type) == ("2026-01-01", "no", "title")


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert read_source(b"\xef\xbb\xbf" + encode(DECK), "deck.json").ir == DECK


def test_a_manifest_gives_its_document() -> None:
    source = read_source(encode(manifest(inline=DECK)), "build.json")
    assert source.ir == DECK
    assert source.manifest is not None
    assert source.manifest.build.metadata.name == "a-deck"
    assert check_document(source, (), "build.json") is not None


def test_a_manifest_may_refer_to_a_document_elsewhere() -> None:
    source = read_source(encode(manifest(configMapRef={"name": "x", "key": "ir.json"})), "-")
    assert source.ir is None
    assert check_document(source, (), "-") is None


def test_a_config_map_in_the_same_file_holds_the_document() -> None:
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x"},
        "data": {"ir.json": json.dumps(DECK)},
    }
    build = manifest(configMapRef={"name": "x", "key": "ir.json"})
    data = encode(config_map) + b"\n---\n" + encode(build)
    source = read_source(data, "both.yaml")
    assert source.ir == DECK
    assert source.has_config_maps
    broken = data.replace(b"SlideSpec", b"SlideShow")
    assert "/kind: " in refusal(broken, "both.yaml")


@pytest.mark.parametrize(
    ("data", "origin", "sentence"),
    [
        (b"{", "deck.json", "at line 1, column 2; expected JSON"),
        (b'{"a": 1, "a": 2}', "deck.json", "the name 'a' occurs twice in one object"),
        (b'{"a": NaN}', "deck.json", "NaN and Infinity are not JSON numbers"),
        (b"\xff", "deck.json", "byte 0 is not UTF-8; expected text in UTF-8"),
        (b"[" * 100_000, "deck.yaml", "the nesting is too deep"),
        (b'{"a":' * 100_000, "deck.json", "the nesting is too deep"),
        (b"[1]", "deck.yaml", "the document is something else; expected an object"),
        (b"", "deck.yaml", "the file holds 0; expected one document or ArtifactBuild"),
        (b"a: 1\n---\nb: 1", "deck.yaml", "the file holds 2"),
        (b"a: [1", "deck.yaml", "at line 1, column 6; expected YAML"),
        (b"a: 1\na: 2", "deck.yaml", "the name 'a' occurs twice in one object"),
        (b"a: &x [1]\nb: *x", "deck.yaml", "aliases are not supported at line 2, column 4"),
        (b"a: !!binary aGk=", "deck.yaml", "bytes is not a JSON type"),
        (b"a: !!python/name:os.system", "deck.yaml", "could not determine a constructor"),
        (
            b"a: !!int abc",
            "deck.yaml",
            "the value is no int, or a far too long one at line 1, column",
        ),
        (b"a: [!!float x]", "deck.yaml", "the value is no float, or a far too long one at line 1"),
        (b"a: !!bool 7", "deck.yaml", "the value is no bool"),
        (b"a: !!timestamp x", "deck.yaml", "the value is no timestamp"),
        (b"a: " + b"1" * 5000, "deck.yaml", "the value is no int, or a far too long one"),
        (b'{"a": ' + b"1" * 5000 + b"}", "deck.json", "a number has far too many digits"),
        (b" " * (MAX_FILE_BYTES + 1), "deck.json", f"at most {MAX_FILE_BYTES} bytes"),
        (b'{"apiVersion": "v2", "kind": "Pod"}', "x.json", "it is v2 Pod; expected a document"),
        (
            b'{"apiVersion": "venture.parpour.dev/v9", "kind": "ArtifactBuild"}',
            "x.json",
            "it is venture.parpour.dev/v9 ArtifactBuild",
        ),
    ],
)
def test_what_is_no_document_is_refused_in_a_sentence(
    data: bytes, origin: str, sentence: str
) -> None:
    text = refusal(data, origin)
    assert text.startswith(f"{origin} is not a valid document: 1 problem")
    assert sentence in text


def test_every_problem_of_a_document_is_named_with_its_pointer() -> None:
    text = refusal(encode(DECK | {"titel": "x", "slides": [{"type": "title"}, {"type": "poem"}]}))
    assert text.splitlines() == [
        "deck.json is not a valid document: 3 problems",
        "/slides/0/title: the field is required; expected a value",
        "/slides/1: there is no such type here; expected a type among 'title', 'section', "
        "'bullets', 'twoColumns', 'table', 'chart', 'image', 'quote'",
        "/titel: the field is unknown; is it misspelt?; expected no such field",
    ]


def test_problems_of_an_inline_document_point_into_the_manifest() -> None:
    text = refusal(encode(manifest(inline=DECK | {"title": ""})))
    assert "/spec/source/inline/title: " in text


def test_problems_of_a_manifest_are_named() -> None:
    body = manifest(inline=DECK)
    body["spec"] |= {"target": "Sculpture", "retries": 1}
    text = refusal(encode(body))
    assert "/spec/target: Input should be 'Pptx', " in text
    assert "/spec/retries: Extra inputs are not permitted; expected no such field" in text


def test_an_asset_that_nobody_gives_is_named() -> None:
    data = encode(DECK | {"slides": [IMAGE_SLIDE]})
    assert "/slides/0/image: no asset is named logo" in refusal(data)
    assert check_document(read_source(data, "-"), {"logo"}, "-") is not None
