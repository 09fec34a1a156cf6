"""From kinds to CustomResourceDefinitions: names, versions, columns, selectors, discovery."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

import pytest
import venture_crds
from pydantic import Field
from venture_crds.base import SpecModel, StatusModel
from venture_crds.generator.crd import definition, definitions, discover, version_of
from venture_crds.generator.structural import RefusedError
from venture_crds.resource import Column, KindInfo, Resource
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild
from venture_crds.v1alpha1.conditions import Conditions
from venture_crds.v1alpha1.policybundle import PolicyBundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INFO = KindInfo(
    version="v1alpha1",
    plural="gadgets",
    short_names=("gd", "gdt"),
    columns=(
        Column(name="Name", path=".spec.name", description="What it is called."),
        Column(
            name="Count", path=".spec.count", description="How many.", type="integer", wide=True
        ),
        Column(name="On", path=".spec.on", description="Whether it is on.", type="boolean"),
        Column(
            name="Reason",
            path='.status.conditions[?(@.type=="Ready")].reason',
            description="Why it is ready.",
        ),
        Column(
            name="Age",
            path=".metadata.creationTimestamp",
            description="Its age.",
            type="date",
        ),
    ),
    selectable=(".spec.name", ".spec.count", ".spec.on"),
)


class GadgetSpec(SpecModel):
    """An order for a gadget."""

    name: Annotated[str, Field(max_length=8)]
    """What it is called."""

    count: Annotated[int, Field(ge=1, le=9)] = 1
    """How many."""

    on: bool = False
    """Whether it is on."""


class GadgetStatus(StatusModel):
    """What became of a gadget."""

    conditions: Conditions = ()
    """Where it stands."""


class Gadget(Resource):
    """A gadget."""

    kind_info: ClassVar = INFO

    spec: GadgetSpec
    """The gadget that is asked for."""

    status: GadgetStatus = Field(default_factory=GadgetStatus)
    """The gadget that there is."""


def gadget(**changes: Any) -> type[Resource]:
    """Give another version of the kind, which differs in its information."""
    changed = type("Gadget", (Gadget,), {"kind_info": replace(INFO, **changes)})
    return cast("type[Resource]", changed)


def test_a_definition_has_the_names_by_which_people_call_it() -> None:
    crd = definition([Gadget])
    assert crd["apiVersion"] == "apiextensions.k8s.io/v1"
    assert crd["kind"] == "CustomResourceDefinition"
    assert crd["metadata"] == {"name": "gadgets.venture.parpour.dev"}
    assert crd["spec"]["group"] == "venture.parpour.dev"
    assert crd["spec"]["scope"] == "Namespaced"
    assert crd["spec"]["names"] == {
        "kind": "Gadget",
        "listKind": "GadgetList",
        "plural": "gadgets",
        "singular": "gadget",
        "shortNames": ["gd", "gdt"],
        "categories": ["venture"],
    }


def test_a_version_has_a_schema_columns_selectors_and_a_status() -> None:
    version = version_of(Gadget)
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert version["subresources"] == {"status": {}}
    assert version["selectableFields"] == [
        {"jsonPath": ".spec.name"},
        {"jsonPath": ".spec.count"},
        {"jsonPath": ".spec.on"},
    ]
    columns = version["additionalPrinterColumns"]
    assert columns[1] == {
        "name": "Count",
        "type": "integer",
        "jsonPath": ".spec.count",
        "description": "How many.",
        "priority": 1,
    }
    assert [column.get("priority") for column in columns] == [None, 1, None, None, None]
    schema = version["schema"]["openAPIV3Schema"]
    assert list(schema["properties"]) == ["apiVersion", "kind", "metadata", "spec", "status"]
    assert schema["required"] == ["spec"]
    # The API server refuses a CRD that says more about the metadata.
    assert schema["properties"]["metadata"] == {"type": "object"}


def test_a_version_without_selectors_does_not_mention_them() -> None:
    assert "selectableFields" not in version_of(gadget(selectable=()))


def test_a_kind_can_belong_to_the_cluster() -> None:
    assert definition([gadget(scope="Cluster")])["spec"]["scope"] == "Cluster"


def test_a_kind_has_all_its_versions_in_one_definition() -> None:
    newer = gadget(version="v1beta1")
    older = gadget(storage=False, served=False)
    both, build = sorted(
        definitions([newer, ArtifactBuild, older]), key=lambda crd: crd["spec"]["names"]["plural"]
    )[::-1]
    assert [
        (version["name"], version["served"], version["storage"])
        for version in both["spec"]["versions"]
    ] == [("v1alpha1", False, False), ("v1beta1", True, True)]
    assert build["spec"]["names"]["kind"] == "ArtifactBuild"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, "exactly one of its versions must be the storage version"),
        ({"plural": "gizmos"}, "its versions differ in plural, short names, scope or rights"),
        ({"short_names": ()}, "its versions differ in plural, short names, scope or rights"),
        ({"edit": False}, "its versions differ in plural, short names, scope or rights"),
        ({"operator": ("delete",)}, "its versions differ in plural, short names, scope or rights"),
        ({"scope": "Cluster"}, "its versions differ in plural, short names, scope or rights"),
    ],
)
def test_versions_that_disagree_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(RefusedError) as caught:
        definition([Gadget, gadget(version="v1beta1", **changes)])
    assert str(caught.value) == f"Gadget: {problem}"


def test_a_kind_that_is_never_stored_is_refused() -> None:
    with pytest.raises(RefusedError, match="exactly one of its versions must be the storage"):
        definition([gadget(storage=False)])


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        (".spec.nothing", "string"),
        (".spec.name.more", "string"),
        (".spec.count", "string"),
        (".spec.name", "integer"),
        (".spec.count", "date"),
        ('.spec.name[?(@.type=="Ready")]', "string"),
        (".status.conditions[0].nothing", "string"),
    ],
)
def test_a_column_that_shows_nothing_is_refused(path: str, type_: Any) -> None:
    column = Column(name="Odd", path=path, description="Odd.", type=type_)
    with pytest.raises(RefusedError) as caught:
        version_of(gadget(columns=(column,)))
    assert str(caught.value) == (
        f"Gadget: column Odd shows {path} as {type_}, but no such field has that type"
    )


@pytest.mark.parametrize("path", [".spec", ".spec.nothing", ".status.conditions"])
def test_a_selectable_field_must_be_a_scalar(path: str) -> None:
    with pytest.raises(RefusedError) as caught:
        version_of(gadget(selectable=(path,)))
    assert str(caught.value) == f"Gadget: {path} cannot be selected: it is no scalar field"


def test_selectable_fields_are_few() -> None:
    with pytest.raises(RefusedError, match=r"^Gadget: at most 8 fields are selectable$"):
        version_of(gadget(selectable=(".spec.name",) * 9))


def test_the_kinds_are_found() -> None:
    found = discover()
    assert {ArtifactBuild, PolicyBundle} <= {*found}
    assert list(found) == sorted(found, key=lambda kind: kind.__name__)


@pytest.fixture
def module_of_a_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Put one more module, with one more kind, beside those of the package."""
    package = tmp_path / "v1beta7"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "widget.py").write_text(
        '''
from typing import ClassVar
from venture_crds.base import SpecModel
from venture_crds.resource import Column, KindInfo, Resource
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

class WidgetSpec(SpecModel):
    """An order for a widget."""
    on: bool
    """Whether it is on."""

class Widget(Resource):
    """A widget."""
    kind_info: ClassVar = KindInfo(version="v1beta7", plural="widgets", short_names=(), columns=())
    spec: WidgetSpec
    """The widget that is asked for."""
'''
    )
    monkeypatch.setattr(venture_crds, "__path__", [*venture_crds.__path__, str(tmp_path)])
    yield "venture_crds.v1beta7"
    for name in [name for name in sys.modules if name.startswith("venture_crds.v1beta7")]:
        del sys.modules[name]
    del venture_crds.v1beta7  # type: ignore[attr-defined]


def test_a_new_kind_takes_one_module(module_of_a_kind: str) -> None:
    (widget,) = (kind for kind in discover() if kind.__name__ == "Widget")
    assert ArtifactBuild in discover()
    assert widget.__module__ == f"{module_of_a_kind}.widget"
    assert widget.kind_info.plural == "widgets"
