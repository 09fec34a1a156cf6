"""From FILE and options to what shall exist: the ArtifactBuild, and what it reads."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from venture_core.artifacts.bucket import asset_key, document_key
from venture_core.artifacts.limits import CONFIG_MAP_MAX_BYTES, INLINE_MAX_BYTES
from venture_core.canonical import sha256_hex
from venture_crds.v1alpha1.artifactbuild import ArtifactBuildSpec

from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.documents import API_VERSION, KIND, document_bytes
from venture_cli.domain.names import name_from_file
from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from venture_cli.domain.documents import Body, Source

DOCUMENT_KEY: Final = "ir.json"


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that builds of the namespace may read, uploaded before the build is created."""

    plural: Literal["assets", "documents"]
    data: bytes

    @property
    def sha256(self) -> str:
        """The digest under which they are kept."""
        return sha256_hex(self.data)

    @property
    def reference(self) -> Body:
        """How a build refers to them."""
        key = asset_key if self.plural == "assets" else document_key
        return {"key": key(self.sha256), "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """All that one build needs, before anything is asked of a cluster."""

    body: Body
    """The ArtifactBuild."""
    uploads: tuple[Upload, ...] = ()
    config_map: bytes | None = None
    """The document, where it goes into a ConfigMap that the build will own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What the command line adds to FILE."""

    name: str | None = None
    namespace: str | None = None
    target: str | None = None
    skipped_gates: tuple[str, ...] = ()
    assets: Mapping[str, bytes] = field(default_factory=dict)


def plan_build(
    source: Source, options: BuildOptions, *, origin: str, default_namespace: str
) -> BuildPlan:
    """Return what to create for a checked source. CliError (usage) where options contradict it."""
    if source.has_config_maps:
        raise CliError(
            f"{origin} holds ConfigMaps, too",
            ExitCode.USAGE,
            next_step=f"Create it all with kubectl apply -f {origin}, then wait for the build.",
        )
    metadata = _metadata(source, options, origin, default_namespace)
    spec = _spec(source, options)
    uploads = [Upload("assets", data) for data in options.assets.values()]
    if uploads:
        named = zip(options.assets, uploads, strict=True)
        added = [{"name": name, "objectRef": upload.reference} for name, upload in named]
        spec["assets"] = [*spec.get("assets", []), *added]
    placed = _Placed(spec.get("source", {}))
    if source.ir is not None:
        placed = _place(source.ir, document_bytes(source.ir, origin), metadata["name"])
    spec["source"] = placed.source
    base = dict(source.manifest.body) if source.manifest else {}
    base.pop("status", None)
    body = base | {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}
    return BuildPlan(body, (*uploads, *placed.uploads), placed.config_map)


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where a document goes: `spec.source`, and what has to exist for it."""

    source: Body
    uploads: tuple[Upload, ...] = ()
    config_map: bytes | None = None


def _place(ir: Body, data: bytes, name: str) -> _Placed:
    """Put the document where it fits: the build itself, else a ConfigMap, else the store."""
    if len(data) <= INLINE_MAX_BYTES:
        return _Placed({"inline": ir})
    if len(data) <= CONFIG_MAP_MAX_BYTES:
        reference = {"name": config_map_name(name, data), "key": DOCUMENT_KEY}
        return _Placed({"configMapRef": reference}, config_map=data)
    upload = Upload("documents", data)
    return _Placed({"objectRef": upload.reference}, (upload,))


def config_map_name(build: str, document: bytes) -> str:
    """Return the name of the ConfigMap that holds that document of that build."""
    return f"{build}-document-{sha256_hex(document)[:12]}"


def config_map_body(build: Body, data: bytes) -> Body:
    """Return the ConfigMap with the document of a build that is to be created."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "immutable": True,
        "metadata": {
            "name": build["spec"]["source"]["configMapRef"]["name"],
            "labels": {"app.kubernetes.io/managed-by": "venture-cli"},
        },
        "data": {DOCUMENT_KEY: data.decode()},
    }


def adoption(build: Body) -> Body:
    """Return the merge patch that has a ConfigMap go when the created build goes."""
    metadata = build["metadata"]
    owner = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    return {"metadata": {"ownerReferences": [owner]}}


def owner_uids(body: Body) -> set[str]:
    """Return the uids of those with whom the object goes."""
    return {owner["uid"] for owner in body["metadata"].get("ownerReferences", [])}


def holds(config_map: Body, document: bytes) -> bool:
    """Return whether the ConfigMap holds exactly that document."""
    return config_map.get("data") == {DOCUMENT_KEY: document.decode()}


def is_same_request(wanted: Body, existing: Body) -> bool:
    """Return whether the existing build asks for what is wanted, `suspend` and `retry` aside."""
    return _comparable(wanted["spec"]) == _comparable(existing["spec"])


def _comparable(spec: Body) -> ArtifactBuildSpec:
    """Return the spec with every default filled in, and without what may change later."""
    parsed = ArtifactBuildSpec.model_validate(spec)
    return parsed.model_copy(update={"suspend": False, "retry": ""})


def _spec(source: Source, options: BuildOptions) -> Body:
    spec: Body = {}
    if source.manifest is not None:
        spec = dict(source.manifest.body["spec"])
        _refuse_pinned_assets(source, options.assets)
    spec["target"] = source.target(options.target)
    if options.skipped_gates:
        off = dict.fromkeys(options.skipped_gates, False)
        spec["gates"] = spec.get("gates", {}) | off
    return spec


def _metadata(
    source: Source, options: BuildOptions, origin: str, default_namespace: str
) -> dict[str, Any]:
    metadata = dict(source.manifest.body.get("metadata", {})) if source.manifest else {}
    written = metadata.get("namespace")
    if None not in (written, options.namespace) and written != options.namespace:
        raise CliError(
            f"--namespace {options.namespace} contradicts the manifest, which says {written}",
            ExitCode.USAGE,
            next_step="Leave the option out, or change the manifest.",
        )
    metadata["namespace"] = written or options.namespace or default_namespace
    name = options.name or metadata.get("name") or name_from_file("" if origin == "-" else origin)
    if not name:
        raise CliError(
            "the build has no name", ExitCode.USAGE, next_step="Give it one with --name NAME."
        )
    try:
        metadata["name"] = ARTIFACT.object_name(name)
    except ValueError as error:
        raise CliError(str(error), ExitCode.USAGE, next_step="Choose another --name.") from None
    return metadata


def _refuse_pinned_assets(source: Source, given: Collection[str]) -> None:
    for name in source.pinned_assets():
        if name in given:
            raise CliError(
                f"the manifest says where asset {name} is, and so does --asset",
                ExitCode.USAGE,
                next_step="Give it in one place only.",
            )
