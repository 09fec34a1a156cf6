"""Specs of ArtifactBuilds that keep a constraint, and specs that break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, override

import yaml
from surroundings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CRD: Final = yaml.safe_load((REPOSITORY / "crds/manifests/artifactbuilds.yaml").read_text())
SCHEMA: Final = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

SHA256: Final = "0123456789abcdef" * 4
OBJECT: Final = {"key": "ir/deck.json", "sha256": SHA256}
CONFIG_MAP: Final = {"name": "deck-ir", "key": "ir.json"}
INLINE: Final = {"kind": "SlideSpec", "version": 1, "slides": [{"type": "title", "title": "A"}]}
ABSENT: Final = object()
"""As a value: the field is left out."""

MISSING: Final = "Required value"
ONE_SOURCE: Final = "must set exactly one of inline, configMapRef and objectRef"
PLAIN_KEY: Final = (
    "must be a plain object key: no '/' at either end, no empty part, no '.' or '..' as a part"
)
DIGEST: Final = "must be a SHA-256 digest: 64 lowercase hexadecimal digits"
OBJECT_NAME: Final = (
    "must be the name of a Kubernetes object: lowercase letters, digits, '-' and '.', "
    "starting and ending with a letter or digit"
)
TTL: Final = "spec.ttlSecondsAfterFinished"
LABEL: Final = (
    "must consist of lowercase letters, digits and '-', and start and end with a letter or digit"
)
MAP_KEY: Final = "must be a key of a ConfigMap: letters, digits, '-', '_' and '.'"
NAME_LENGTH: Final = "the name of an ArtifactBuild can have at most 63 characters"
FIXED: Final = (
    "{} cannot change after creation (only suspend, retry and "
    "ttlSecondsAfterFinished can); create another object instead"
)

type Json = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """A constraint with changes of the manifest that satisfy it and changes that do not.

    ``path`` and ``constraint`` are those of `constraints`; ``says`` is a part of the refusal.
    """

    path: str
    constraint: str
    accepted: Json
    refused: Json
    says: str

    @override
    def __str__(self) -> str:
        return f"{self.path}-{self.constraint}"

    @property
    def field(self) -> str:
        """The field as the API server names it; it has no name for the whole object."""
        return self.path.replace("[]", "[0]") or "<nil>"


@dataclass(frozen=True)
class Fixed:
    """A field that stays as it is in ``start``: each of the patches of the spec is refused."""

    field: str
    start: Json
    patches: dict[str, Json]

    @override
    def __str__(self) -> str:
        return self.field


def missing(path: str, without: Json | None = None, there: Json | None = None) -> Pair:
    """A required field: there in the base manifest, refused where it is left out."""
    left_out = without or {path.replace("[]", ".0"): ABSENT}
    return Pair(path, "required", there or {}, left_out, MISSING)


def in_source(reference: Json) -> Json:
    return {"spec.source": {"objectRef": reference}}


def in_asset(reference: Json) -> Json:
    return {"spec.assets": [{"name": "logo", "objectRef": reference}]}


def object_ref(path: str, around: Callable[[Json], Json]) -> Iterator[Pair]:
    """The constraints of a reference to an object in S3, wherever one stands."""

    def digest(value: str) -> Json:
        return around({**OBJECT, "sha256": value})

    def key(value: str) -> Json:
        return around({**OBJECT, "key": value})

    yield Pair(f"{path}.key", "required", around(OBJECT), around({"sha256": SHA256}), MISSING)
    yield Pair(f"{path}.key", "maxLength", key("k" * 1024), key("k" * 1025), "more than 1024")
    for good, bad in (
        ("a/b..c/.d", "/a"),
        ("a", "a/"),
        ("a b", "a//b"),
        ("é", "./a"),
        (".a", ".."),
    ):
        yield Pair(f"{path}.key", PLAIN_KEY, key(good), key(bad), PLAIN_KEY)
    yield Pair(f"{path}.key", PLAIN_KEY, key("0"), key(""), PLAIN_KEY)
    yield Pair(f"{path}.sha256", "required", around(OBJECT), around({"key": "k"}), MISSING)
    yield Pair(f"{path}.sha256", "maxLength", digest("f" * 64), digest("f" * 65), "more than 64")
    for bad in ("f" * 63, "F" * 64, "g" * 64, ""):
        yield Pair(f"{path}.sha256", DIGEST, digest("0" * 64), digest(bad), DIGEST)


def config_map_ref(path: str, around: Callable[[str, str], Json]) -> Iterator[Pair]:
    """The constraints of a reference to a key of a ConfigMap, wherever one stands."""
    ((whole, _),) = around("n", "k").items()
    inner = path.removeprefix(f"{whole}.")

    def lacking(field: str) -> Json:
        left = {"name": "n", "key": "k"}
        del left[field]
        return {whole: {inner: left}}

    for field in ("name", "key"):
        yield missing(f"{path}.{field}", lacking(field), around("n", "k"))
    for field, good, bad in (
        ("name", ("n" * 253, "k"), ("n" * 254, "k")),
        ("key", ("n", "k" * 253), ("n", "k" * 254)),
    ):
        yield Pair(f"{path}.{field}", "maxLength", around(*good), around(*bad), "more than 253")
    for good, bad in (("a-1.b", "A"), ("a", ""), ("a", "a.")):
        yield Pair(f"{path}.name", OBJECT_NAME, around(good, "k"), around(bad, "k"), OBJECT_NAME)
    for good, bad in (("A-b_c.json", "a/b"), ("0", "")):
        yield Pair(f"{path}.key", MAP_KEY, around("n", good), around("n", bad), MAP_KEY)


def source(**members: Any) -> Json:
    return {"spec.source": members}


def config_map(name: str, key: str) -> Json:
    return source(configMapRef={"name": name, "key": key})


def theme(name: str, key: str) -> Json:
    return {"spec.theme": {"configMapRef": {"name": name, "key": key}}}


def inline(fields: int) -> Json:
    return source(inline={f"f{number}": number for number in range(fields)})


def assets(count: int) -> list[Json]:
    return [{"name": f"asset-{number}", "objectRef": OBJECT} for number in range(count)]


def asset_named(name: str) -> Json:
    return {"spec.assets.0.name": name}


def timeout(seconds: int) -> Json:
    return {"spec.timeoutSeconds": seconds}


def bundle(name: str = "default", **members: Any) -> Json:
    return {"spec.policyBundleRef": {"name": name, **members}}


BUNDLE: Final = "spec.policyBundleRef"
HASH: Final = "must be 'sha256:' and 64 lowercase hexadecimal digits"
REF: Final = "spec.source.configMapRef"
ASSET: Final = "spec.assets[]"
BOTH: Final = source(objectRef=OBJECT, configMapRef=CONFIG_MAP)
ALL: Final = source(inline={}, objectRef=OBJECT, configMapRef=CONFIG_MAP)

PAIRS: Final = [
    Pair("", NAME_LENGTH, {"metadata.name": "n" * 63}, {"metadata.name": "n" * 64}, NAME_LENGTH),
    missing("spec"),
    Pair(f"{BUNDLE}.name", "required", bundle(), {BUNDLE: {}}, MISSING),
    Pair(f"{BUNDLE}.name", "maxLength", bundle("n" * 253), bundle("n" * 254), "more than 253"),
    Pair(f"{BUNDLE}.name", OBJECT_NAME, bundle("a-1.b"), bundle("A"), OBJECT_NAME),
    Pair(
        f"{BUNDLE}.hash",
        "maxLength",
        bundle(hash=f"sha256:{SHA256}"),
        bundle(hash=f"sha256:{SHA256}0"),
        "more than 71",
    ),
    Pair(
        f"{BUNDLE}.hash",
        HASH,
        bundle(hash=f"sha256:{SHA256}"),
        bundle(hash=f"sha512:{SHA256}"),
        HASH,
    ),
    missing("spec.target"),
    Pair("spec.target", "enum", {}, {"spec.target": "Odp"}, '"Odp": supported values: '),
    missing("spec.source"),
    Pair("spec.source", ONE_SOURCE, source(inline=INLINE), source(), ONE_SOURCE),
    Pair("spec.source", ONE_SOURCE, source(objectRef=OBJECT), BOTH, ONE_SOURCE),
    Pair("spec.source", ONE_SOURCE, source(configMapRef=CONFIG_MAP), ALL, ONE_SOURCE),
    Pair("spec.source.inline", "maxProperties", inline(32), inline(33), "at most 32 items"),
    *config_map_ref(REF, config_map),
    missing("spec.theme.configMapRef", {"spec.theme": {}}, theme("a", "k")),
    *config_map_ref("spec.theme.configMapRef", theme),
    *object_ref("spec.source.objectRef", in_source),
    Pair(
        "spec.assets",
        "maxItems",
        {"spec.assets": assets(50)},
        {"spec.assets": assets(51)},
        "at most 50 items",
    ),
    Pair(
        "spec.assets",
        "unique name",
        {"spec.assets": assets(2)},
        {"spec.assets": [*assets(1), *assets(1)]},
        "Duplicate value",
    ),
    missing(f"{ASSET}.name"),
    Pair(
        f"{ASSET}.name", "maxLength", asset_named("n" * 63), asset_named("n" * 64), "more than 63"
    ),
    Pair(f"{ASSET}.name", LABEL, asset_named("logo-2"), asset_named("Logo"), LABEL),
    Pair(f"{ASSET}.name", LABEL, asset_named("x"), asset_named("logo-"), LABEL),
    Pair(f"{ASSET}.name", LABEL, asset_named("0"), asset_named(""), LABEL),
    missing(f"{ASSET}.objectRef"),
    *object_ref(f"{ASSET}.objectRef", in_asset),
    Pair("spec.timeoutSeconds", "minimum", timeout(10), timeout(9), "or equal to 10"),
    Pair("spec.timeoutSeconds", "maximum", timeout(3600), timeout(3601), "or equal to 3600"),
    Pair(
        "spec.retry",
        "maxLength",
        {"spec.retry": "r" * 64},
        {"spec.retry": "r" * 65},
        "more than 64",
    ),
    Pair(TTL, "minimum", {TTL: 0}, {TTL: -1}, "or equal to 0"),
    Pair(TTL, "maximum", {TTL: 315_360_000}, {TTL: 315_360_001}, "or equal to 315"),
]

WRONG_TYPES: Final = {
    "spec": "build it",
    "spec.policyBundleRef": "default",
    "spec.policyBundleRef.name": 1,
    "spec.policyBundleRef.hash": 1,
    "spec.target": 1,
    "spec.source": [],
    "spec.source.inline": "{}",
    "spec.source.configMapRef": "deck-ir",
    "spec.source.configMapRef.name": 1,
    "spec.source.configMapRef.key": True,
    "spec.source.objectRef": [],
    "spec.source.objectRef.key": 1,
    "spec.source.objectRef.sha256": {},
    "spec.theme": "house",
    "spec.theme.configMapRef": "house",
    "spec.theme.configMapRef.name": 1,
    "spec.theme.configMapRef.key": True,
    "spec.assets": "logo",
    "spec.assets[]": "logo",
    "spec.assets[].name": 1,
    "spec.assets[].objectRef": "key",
    "spec.assets[].objectRef.key": 1,
    "spec.assets[].objectRef.sha256": 1,
    "spec.gates": True,
    "spec.gates.contrast": "yes",
    "spec.gates.altText": 1,
    "spec.gates.overflow": [],
    "spec.gates.emptySlides": "false",
    "spec.gates.headings": 0,
    "spec.gates.links": "on",
    "spec.gates.formulas": {},
    "spec.gates.loudness": {},
    "spec.gates.duration": {},
    "spec.gates.captions": {},
    "spec.gates.fileSize": {},
    "spec.timeoutSeconds": "300s",
    "spec.suspend": "yes",
    "spec.retry": 2,
    "spec.ttlSecondsAfterFinished": "1h",
}
"""For each field a value of a type that it does not have."""

FIXED_FIELDS: Final = [
    Fixed(
        "source",
        {"spec.source": {"inline": INLINE}},
        {
            "a value deep within the inline document": {
                "source": {"inline": {"slides": [{"type": "title", "title": "B"}]}}
            },
            "one more field of the inline document": {"source": {"inline": {"language": "de"}}},
            "another kind of source": {"source": {"inline": None, "objectRef": OBJECT}},
        },
    ),
    Fixed(
        "source",
        {"spec.source": {"configMapRef": CONFIG_MAP}},
        {"another key": {"source": {"configMapRef": {"key": "other.json"}}}},
    ),
    Fixed(
        "assets",
        {"spec.assets": assets(1)},
        {
            "one more": {"assets": assets(2)},
            "other bytes": {
                "assets": [{"name": "asset-0", "objectRef": {**OBJECT, "sha256": "0" * 64}}]
            },
            "none": {"assets": []},
            "left out": {"assets": None},
        },
    ),
    Fixed(
        "theme",
        theme("house", "theme.json"),
        {
            "another": {"theme": {"configMapRef": {"name": "other"}}},
            "left out": {"theme": None},
        },
    ),
    Fixed("theme", {}, {"added": {"theme": {"configMapRef": CONFIG_MAP}}}),
    Fixed("assets", {"spec.assets": ABSENT}, {"added": {"assets": assets(1)}}),
    Fixed(
        "gates",
        {"spec.gates": {"contrast": False}},
        {"switched on": {"gates": {"contrast": True}}, "left out": {"gates": None}},
    ),
    Fixed("gates", {"spec.gates": ABSENT}, {"added": {"gates": {"overflow": False}}}),
    Fixed(
        "timeoutSeconds",
        {"spec.timeoutSeconds": 60},
        {"longer": {"timeoutSeconds": 61}, "left out": {"timeoutSeconds": None}},
    ),
    Fixed("timeoutSeconds", {}, {"set": {"timeoutSeconds": 301}}),
    Fixed(
        "policyBundleRef",
        bundle(),
        {
            "another": {"policyBundleRef": {"name": "other"}},
            "pinned": {"policyBundleRef": {"hash": f"sha256:{SHA256}"}},
            "left out": {"policyBundleRef": None},
        },
    ),
    Fixed("policyBundleRef", {}, {"added": {"policyBundleRef": {"name": "default"}}}),
]
