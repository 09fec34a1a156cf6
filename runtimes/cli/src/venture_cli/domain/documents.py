"""FILE as people write it, JSON or YAML, to a checked document or an ArtifactBuild manifest."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, override

import yaml
from pydantic import ValidationError
from venture_core.artifacts.documents import DOCUMENTS, parse_ir
from venture_core.artifacts.ir import InvalidIRError, Problem, check_assets
from venture_core.artifacts.ir.brand import branded, parse_brand
from venture_core.artifacts.targets import usual_target
from venture_core.canonical import CanonicalJsonError, canonical_json
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

from venture_cli.domain.yamlreading import ToldLoader
from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from venture_core.artifacts.ir import Document
    from venture_core.artifacts.ir.brand import Brand
    from venture_crds.v1alpha1.artifactbuild import ConfigMapRef

type Body = dict[str, Any]

API_VERSION: Final = "venture.parpour.dev/v1alpha1"
KIND: Final = "ArtifactBuild"
MAX_FILE_BYTES: Final = 2 * 1024 * 1024
"""A document has at most 1 MiB; YAML and manifests need some more for the same content."""
_YAML_SUFFIXES: Final = (".yaml", ".yml")
_INLINE_AT: Final = "/spec/source/inline"
_TOO_DEEP: Final = Problem("", "a document of a few levels", "the nesting is too deep")


@dataclass(frozen=True, slots=True)
class Manifest:
    """An ArtifactBuild as its author wrote it, and as our types understand it."""

    body: Body
    build: ArtifactBuild


@dataclass(frozen=True, slots=True)
class Source:
    """What FILE held: a document, or a manifest that carries one or refers to one."""

    ir: Body | None
    """The document; None where the manifest refers to one that is elsewhere."""
    manifest: Manifest | None = None
    has_config_maps: bool = False
    """FILE holds ConfigMaps, too; `ir` may be in one of them."""
    has_theme: bool = False
    """A theme was laid under the document."""

    @property
    def lacks_theme(self) -> bool:
        """Whether the manifest names a theme that is elsewhere."""
        return self.manifest is not None and not self.has_theme and _theme(self) is not None

    def themed(self, theme: bytes, origin: str) -> Source:
        """Return it with a theme laid under the document.

        `theme` is JSON or YAML, or a ConfigMap with one. CliError with every problem of it.
        """
        if self.ir is None:
            return self
        brand = _brand(theme, origin)
        ir = json.loads(branded(document_bytes(self.ir, origin), brand))
        return replace(self, ir=ir, has_theme=True)

    def target(self, wanted: str | None) -> str:
        """Return the target: what the manifest says, else what is wanted, else what is usual."""
        written = str(self.manifest.build.spec.target) if self.manifest else None
        if None not in (written, wanted) and written != wanted:
            raise CliError(
                f"--target {wanted} contradicts the manifest, which says {written}",
                ExitCode.USAGE,
                next_step="Leave the option out, or change the manifest.",
            )
        if name := written or wanted or usual_target(str(self.ir and self.ir.get("kind"))):
            return name
        raise CliError(
            "no target is for such a document",
            ExitCode.USAGE,
            next_step=f"Its kind has to be one of {', '.join(DOCUMENTS)}.",
        )

    def pinned_assets(self) -> dict[str, str]:
        """Return name and SHA-256 of the assets that a manifest refers to."""
        assets = self.manifest.build.spec.assets if self.manifest else ()
        return {asset.name: asset.object_ref.sha256 for asset in assets}


def read_source(data: bytes, origin: str) -> Source:
    """Interpret the bytes of FILE. `origin` is its path, `-` for standard input.

    FILE holds a document, or an ArtifactBuild and, in YAML, ConfigMaps beside it. Raises CliError
    with every problem: its JSON pointer, what is wrong and what was expected.
    """
    documents = _decode(data, origin)
    config_maps = [each for each in documents if _kind(each) == ("v1", "ConfigMap")]
    others = [each for each in documents if _kind(each) != ("v1", "ConfigMap")]
    if len(others) != 1:
        found = f"the file holds {len(others)}"
        raise invalid(origin, [Problem("", "one document or ArtifactBuild", found)])
    value = others[0]
    if not isinstance(value, dict):
        raise invalid(origin, [Problem("", "an object", "the document is something else")])
    if "apiVersion" not in value and value.get("kind") != KIND and not config_maps:
        return Source(ir=value)
    if _kind(value) != (API_VERSION, KIND):
        found = "it is " + " ".join(map(str, _kind(value)))
        raise invalid(origin, [Problem("", f"a document, or {API_VERSION} {KIND}", found)])
    try:
        build = ArtifactBuild.model_validate_json(_canonical(value, origin))
    except ValidationError as error:
        raise invalid(origin, _manifest_problems(error)) from None
    reference = build.spec.source.config_map_ref
    ir = build.spec.source.inline
    if reference and (text := _referred_to(reference, config_maps)) is not None:
        ir = read_source(text.encode(), f"{origin} ({reference.name}/{reference.key})").ir
    source = Source(ir=ir, manifest=Manifest(value, build), has_config_maps=bool(config_maps))
    theme = _theme(source)
    if theme and (text := _referred_to(theme, config_maps)) is not None:
        return source.themed(text.encode(), f"{origin} ({theme.name}/{theme.key})")
    return source


def _kind(value: object) -> tuple[object, object]:
    return (value.get("apiVersion"), value.get("kind")) if isinstance(value, dict) else (None, None)


def _referred_to(reference: ConfigMapRef, config_maps: list[Any]) -> str | None:
    """Return what the ConfigMap that is referred to holds, where FILE holds it."""
    for each in config_maps:
        text = each.get("data", {}).get(reference.key)
        if each.get("metadata", {}).get("name") == reference.name and isinstance(text, str):
            return text
    return None


def _theme(source: Source) -> ConfigMapRef | None:
    theme = source.manifest and source.manifest.build.spec.theme
    return theme.config_map_ref if theme else None


def _brand(data: bytes, origin: str) -> Brand:
    values = _decode(data, origin)
    value = values[0] if len(values) == 1 else None
    if _kind(value) == ("v1", "ConfigMap") and isinstance(value, dict):
        held = list(value.get("data", {}).values())
        if len(held) != 1 or not isinstance(held[0], str):
            raise invalid(origin, [Problem("/data", "one theme", f"it holds {len(held)} keys")])
        return _brand(held[0].encode(), origin)
    try:
        return parse_brand(_canonical(value, origin))
    except InvalidIRError as error:
        raise invalid(origin, error.problems, what="theme") from None


def check_document(
    source: Source, asset_names: Collection[str] | None, origin: str
) -> Document | None:
    """Return the checked document, None where it is elsewhere.

    `asset_names` are the assets that are given beside it; with None nobody asks for them.

    Raises CliError with every problem, the same sentences that the operator would write.
    """
    if source.ir is None:
        return None
    try:
        spec = parse_ir(document_bytes(source.ir, origin))
        if asset_names is not None:
            check_assets(spec, asset_names)
    except InvalidIRError as error:
        raise invalid(origin, error.problems, within=_within(source)) from None
    return spec


def document_bytes(ir: Body, origin: str) -> bytes:
    """Return the document as canonical JSON."""
    return _canonical(ir, origin)


def invalid(
    origin: str, problems: Iterable[Problem], *, within: str = "", what: str = "document"
) -> CliError:
    """Return the error that lists what is wrong with FILE, `within` a part of it."""
    lines = tuple(
        f"{within}{each.pointer}: {each.message}; expected {each.expected}"
        if within or each.pointer
        else f"{each.message}; expected {each.expected}"
        for each in problems
    )
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    name = "standard input" if origin == "-" else origin
    return CliError(f"{name} is not a valid {what}: {count}", ExitCode.BUILD_FAILED, details=lines)


def _within(source: Source) -> str:
    inline = source.manifest is not None and source.manifest.build.spec.source.inline is not None
    return _INLINE_AT if inline else ""


def _canonical(value: object, origin: str) -> bytes:
    try:
        return canonical_json(value)
    except CanonicalJsonError as error:
        raise invalid(origin, [Problem("", "values that JSON can hold", str(error))]) from None
    except RecursionError:
        raise invalid(origin, [_TOO_DEEP]) from None


def _decode(data: bytes, origin: str) -> list[object]:
    if len(data) > MAX_FILE_BYTES:
        problem = Problem("", f"at most {MAX_FILE_BYTES} bytes", f"the file has {len(data)}")
        raise invalid(origin, [problem])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem("", "text in UTF-8", f"byte {error.start} is not UTF-8")
        raise invalid(origin, [problem]) from None
    is_yaml = PurePath(origin).suffix.lower() in _YAML_SUFFIXES
    try:
        if is_yaml or not text.lstrip().startswith("{"):
            return _from_yaml(text)
        return [json.loads(text, object_pairs_hook=_unique)]
    except json.JSONDecodeError as error:
        where = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise invalid(origin, [Problem("", "JSON", where)]) from None
    except yaml.YAMLError as error:
        raise invalid(origin, [Problem("", "YAML", _yaml_problem(error))]) from None
    except _RepeatedNameError as error:
        raise invalid(origin, [Problem("", "each name once in an object", str(error))]) from None
    except RecursionError:
        raise invalid(origin, [_TOO_DEEP]) from None
    except ValueError:
        # Of json itself, at integers with more digits than Python converts.
        problem = Problem("", "JSON", "a number has far too many digits")
        raise invalid(origin, [problem]) from None


class _RepeatedNameError(ValueError):
    """A name occurs twice in one object: readers disagree on which one counts."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise _RepeatedNameError(f"the name {name!r} occurs twice in one object")
        members[name] = value
    return members


class _JsonLikeLoader(ToldLoader):
    """YAML with JSON's types only: `no` and `2026-01-01` stay the text that their author sees."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        # An alias can stand for gigabytes, or for itself.
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not supported", problem_mark=mark)
        return super().compose_node(parent, index)

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        pairs = [
            (str(self.construct_object(key, deep=True)), self.construct_object(value, deep=True))
            for key, value in node.value
        ]
        return dict(_unique(pairs))


_TAG = "tag:yaml.org,2002:"
for _scalar, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-0123456789"),
):
    _JsonLikeLoader.add_implicit_resolver(
        f"{_TAG}{_scalar}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def _from_yaml(text: str) -> list[object]:
    documents = yaml.load_all(text, _JsonLikeLoader)
    return [each for each in documents if each is not None]


def _yaml_problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{error.problem} at line {mark.line + 1}, column {mark.column + 1}"
    return str(error)


def _manifest_problems(error: ValidationError) -> list[Problem]:
    problems = []
    for each in error.errors(include_url=False, include_input=False):
        pointer = "".join(
            "/" + str(part).replace("~", "~0").replace("/", "~1") for part in each["loc"]
        )
        problems.append(Problem(pointer, _expected(each["type"]), each["msg"]))
    return problems


def _expected(kind: str) -> str:
    return {"missing": "a value", "extra_forbidden": "no such field"}.get(kind, "a valid value")
