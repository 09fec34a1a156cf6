"""The reference of documents is what their types say; its schemas accept what these accept."""

import json

import pytest
from artifactexamples import FOLDER, example
from jsonschema import Draft202012Validator
from surroundings import REPOSITORY
from venture_core.artifacts.documents import DOCUMENTS
from venture_core.artifacts.reference import files

REFERENCE = REPOSITORY / "docs" / "reference" / "documents"


def test_it_is_up_to_date() -> None:
    written = {path.name: path.read_text() for path in REFERENCE.iterdir()}
    assert written == files(), (
        "run python -m venture_core.artifacts.reference docs/reference/documents"
    )
    assert {f"{kind.lower()}.md" for kind in DOCUMENTS} <= written.keys()


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_the_schema_accepts_the_example_and_no_unknown_field(name: str) -> None:
    content = json.loads(example(name).document)
    schema = json.loads(files()[f"{content['kind'].lower()}.schema.json"])
    validator = Draft202012Validator(schema)
    assert list(validator.iter_errors(content)) == []
    assert not validator.is_valid({**content, "titel": "x"})
