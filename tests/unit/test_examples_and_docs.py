"""The examples and the guide stay true: every document in them compiles, every field is named."""

import base64
import json
import re
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import pytest
import yaml
from chartrelease import uninstall_command
from pydantic import BaseModel
from surroundings import REPOSITORY
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.deck.ir import SlideSpec
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.ir import FontFamily, PaletteName
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = sorted((REPOSITORY / "examples").glob("*-deck.yaml"))
GUIDE = (REPOSITORY / "docs" / "slidespec.md").read_text()
BLOCKS = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGM4AAAAwgDBBsBM0gAAAABJRU5ErkJggg=="
)
MAX_INLINE_BYTES = 64 * 1024


def compiles(document: bytes) -> SlideSpec:
    spec = parse_ir(document)
    wanted = {name for _, name in spec.asset_references()} - spec.inline_assets().keys()
    assets = dict.fromkeys(wanted, PIXEL)
    compile_artifact(ir=spec, assets=assets, gates=GateSettings(), target="Pptx")
    return spec


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_is_a_valid_build_of_a_deck_that_compiles(path: Path) -> None:
    manifests = list(yaml.safe_load_all(path.read_text()))
    maps = {item["metadata"]["name"]: item for item in manifests if item["kind"] == "ConfigMap"}
    builds = [item for item in manifests if item["kind"] == "ArtifactBuild"]
    assert [build["metadata"]["name"] for build in builds] == [path.stem]
    for build in builds:
        ArtifactBuild.model_validate_json(json.dumps(build))
        source = build["spec"]["source"]
        if "inline" in source:
            document = json.dumps(source["inline"], separators=(",", ":")).encode()
            assert len(document) <= MAX_INLINE_BYTES
        else:
            reference = source["configMapRef"]
            document = maps[reference["name"]]["data"][reference["key"]].encode()
        compiles(document)


def test_the_board_deck_shows_every_slide_type() -> None:
    manifest = yaml.safe_load((REPOSITORY / "examples" / "board-deck.yaml").read_text())
    slides = manifest["spec"]["source"]["inline"]["slides"]
    assert len(slides) >= 9
    assert {slide["type"] for slide in slides} == {
        "title", "section", "bullets", "twoColumns", "table", "chart", "image", "quote"
    }  # fmt: skip
    assert {slide["chart"]["type"] for slide in slides if "chart" in slide} == {
        "bar",
        "line",
        "pie",
    }


@pytest.mark.parametrize("block", BLOCKS)
def test_every_document_and_slide_in_the_guide_compiles(block: str) -> None:
    example = json.loads(block)
    if "kind" not in example:
        example = {"kind": "SlideSpec", "version": 1, "title": "Guide", "slides": [example]}
    compiles(json.dumps(example).encode())


def models(annotation: Any) -> set[type[BaseModel]]:
    """Every model that a value of this annotation can hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found = {annotation}
        for field in annotation.model_fields.values():
            found |= models(field.annotation)
        return found
    if get_origin(annotation) in (tuple, Union, UnionType) or get_args(annotation):
        return set().union(*(models(inner) for inner in get_args(annotation)))
    return set()


def test_the_guide_names_every_field_and_choice() -> None:
    names = {
        field.alias or name
        for model in models(SlideSpec)
        for name, field in model.model_fields.items()
    }
    names |= {family.value for family in FontFamily} | {palette.value for palette in PaletteName}
    assert {"slides", "quote", "weight", "numberFormat", "Ember"} <= names
    for name in sorted(names):
        assert re.search(rf"`([\w.]+\.)?{re.escape(name)}`", GUIDE), f"`{name}` is not in the guide"


def test_the_guide_uninstalls_in_the_way_that_helm_sees_the_end_of() -> None:
    """Deleted in the foreground, an object may be gone while helm waits for it to its timeout."""
    assert uninstall_command() == ["uninstall", "venture", "--wait"]
