"""Everything that names targets, kinds of documents and gates names the same."""

import annotationlib
from dataclasses import asdict
from importlib import import_module
from typing import get_args

import pytest
from venture_cli.options import GATES, TargetName
from venture_core.artifacts.documents import DOCUMENTS, grammar
from venture_core.artifacts.gates import GATE_NAMES, GateSettings
from venture_core.artifacts.targets import (
    TARGETS,
    UnsupportedTargetError,
    extension_of,
    target_for,
    target_named,
    usual_target,
)
from venture_crds.v1alpha1.artifactbuild import GateSwitches
from venture_crds.v1alpha1.policybundle import RequiredGates
from venture_crds.v1alpha1.targets import Target


def test_the_api_and_the_command_line_offer_the_targets_there_are() -> None:
    names = [target.name for target in TARGETS]
    assert [str(target) for target in Target] == names
    assert list(get_args(TargetName)) == names


def test_the_gates_are_the_same_everywhere() -> None:
    assert GateSettings().enabled() == GATE_NAMES
    assert list(GateSwitches().model_dump(by_alias=True)) == list(GATE_NAMES)
    assert list(RequiredGates().model_dump(by_alias=True)) == list(GATE_NAMES)
    assert GATES == GATE_NAMES
    off = GateSettings(**dict.fromkeys(asdict(GateSettings()), False))
    assert off.enabled() == ()


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_kind_of_document_is_read_and_becomes_something(kind: str) -> None:
    assert grammar(kind).model.model_fields["kind"].annotation is not str
    assert kind in str(grammar(kind).model.model_fields["kind"].annotation)
    assert usual_target(kind) is not None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_target_makes_files_of_kinds_that_there_are(target: object) -> None:
    assert target.formats
    for kind, module in target.compilers.items():
        assert kind in DOCUMENTS
        draft = import_module(module).draft
        made = annotationlib.get_annotations(draft, format=annotationlib.Format.FORWARDREF)[
            "return"
        ]
        # mypy does not see who is imported by name.
        members = ("media_type", "run_gates", "drawing", "render")
        assert [name for name in members if not hasattr(made, name)] == []
    for each in target.formats:
        assert extension_of(each.media_type) == each.extension


def test_what_is_not_made_is_refused_with_what_is() -> None:
    with pytest.raises(UnsupportedTargetError, match="there is no target Wav, but Pptx"):
        target_named("Wav")
    with pytest.raises(UnsupportedTargetError, match="a Sculpture compiles to"):
        target_for("Pptx", "Sculpture")
    assert extension_of("application/x-unknown") == "bin"
