"""ArtifactBuild: one deliverable, compiled from a document by a Job, signed, and kept in S3."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, JsonValue, computed_field

from venture_crds.base import SpecModel, StatusModel
from venture_crds.markers import Cel, ExactlyOneOf, FreeForm, ImmutableExcept, ListMap, Matches
from venture_crds.resource import Column, KindInfo, Resource
from venture_crds.v1alpha1.artifactbuildexamples import EXAMPLES
from venture_crds.v1alpha1.lifecycle import RetryingSpec, RetryingStatus
from venture_crds.v1alpha1.policyref import PinnedBundle, PolicyBundleRef
from venture_crds.v1alpha1.reasons import DocumentedReason
from venture_crds.v1alpha1.scalars import (
    DnsLabel,
    Message,
    ObjectKey,
    ObjectName,
    Sha256,
)
from venture_crds.v1alpha1.targets import Target


class Phase(StrEnum):
    """Where a build stands, for people. Programs read the conditions."""

    PENDING = "Pending"
    """Accepted, and no Job runs yet."""
    COMPILING = "Compiling"
    """A Job compiles it."""
    READY = "Ready"
    """The artifact can be downloaded."""
    FAILED = "Failed"
    """It will not be built unless a person acts."""
    SUSPENDED = "Suspended"
    """`spec.suspend` holds it back."""


class BuildReason(DocumentedReason):
    """Why a build is as it is."""

    BUILT = "Built", "done: the artifact was compiled, stored and signed", ""
    CACHE_HIT = "CacheHit", "done: an earlier build of the namespace had the same bytes", ""
    SUSPENDED = "Suspended", "`spec.suspend` holds it back", "when it is false"

    QUEUED = "Queued", "as many Jobs run as may; namespaces take turns", "when a place is free"
    COMPILING = "Compiling", "a Job compiles; the message says what its pod waits for", ""
    WAITING_FOR_POD = (
        "WaitingForPod",
        "the cluster lets no pod run: no node has room, the image is missing, a quota forbids it",
        "every 15 min, with new URLs, until it runs",
    )
    RETRYING = "Retrying", "the next attempt starts at the time in the message", "then"

    SOURCE_NOT_FOUND = (
        "SourceNotFound",
        "the ConfigMap or object is not there yet",
        "looked for every 10 s",
    )
    SOURCE_CHANGED = (
        "SourceChanged",
        "the document changed while its Job was being created",
        "three times, after 5, 10 and 20 s",
    )
    INVALID_SOURCE = "InvalidSource", "the source cannot be read as it stands", "no"
    INVALID_THEME = (
        "InvalidTheme",
        "the theme breaks its format, or its colours cannot be read on each other",
        "no",
    )
    THEME_NOT_FOUND = "ThemeNotFound", "the theme's ConfigMap is not there", "looked for every 10 s"
    SOURCE_TOO_LARGE = "SourceTooLarge", "the document is larger than its place allows", "no"
    SOURCE_DIGEST_MISMATCH = "SourceDigestMismatch", "the object has another digest", "no"
    INVALID_DOCUMENT = "InvalidDocument", "the document breaks its format; pointers say where", "no"

    INVALID_ASSET = "InvalidAsset", "a picture or recording cannot be used", "no"
    ASSET_UNAVAILABLE = "AssetUnavailable", "an asset is not there, or has another digest", "no"
    UNSUPPORTED_TARGET = "UnsupportedTarget", "no such format, or no image that makes it", "no"
    GATE_FAILED = "GateFailed", "a gate objects; the status says to what", "no"
    ARTIFACT_TOO_LARGE = "ArtifactTooLarge", "the artifact has more than 256 MiB", "no"
    NOT_REPRODUCIBLE = "NotReproducible", "the same key gave other bytes: an alarm, tell us", "no"

    OUT_OF_MEMORY = "OutOfMemory", "the Job exceeded its memory", "once"
    TIMEOUT = "Timeout", "the Job ran longer than `spec.timeoutSeconds`", "once"
    JOB_DELETED = "JobDeleted", "somebody deleted the Job", "three times, after 5, 10 and 20 s"
    POD_LOST = "PodLost", "the pod was deleted, or its node is gone", "three times"
    POD_DISRUPTED = "PodDisrupted", "the cluster took the pod away", "three times"
    POD_FAILED = "PodFailed", "the pod failed; the message says how", "three times"
    COMPILER_CRASHED = "CompilerCrashed", "the Job left no result", "three times"
    RESULT_REFUSED = "ResultRefused", "the result is not one that a compiler writes", "three times"
    TRANSFER_FAILED = "TransferFailed", "a download or the upload broke off", "three times"
    UPLOAD_MISSING = "UploadMissing", "the reported upload is not there", "three times"
    UPLOAD_MISMATCH = "UploadMismatch", "the upload is not what was reported", "three times"
    TOOLCHAIN_MISMATCH = (
        "ToolchainMismatch",
        "the installation's compiler image is of another version than its operator",
        "every 2 min, until it is mended",
    )


class CacheOutcome(StrEnum):
    """Whether an earlier build's bytes were reused."""

    HIT = "Hit"
    MISS = "Miss"


class ConfigMapRef(SpecModel):
    """One key of a ConfigMap in the namespace of the build."""

    name: ObjectName
    """The name of the ConfigMap."""

    key: Annotated[
        str,
        Field(max_length=253),
        Matches(
            r"^[-._a-zA-Z0-9]+$",
            "must be a key of a ConfigMap: letters, digits, '-', '_' and '.'",
        ),
    ]
    """The key within `data` or `binaryData`, for instance `ir.json`."""


class ObjectRef(SpecModel):
    """An object in the installation's S3 bucket, in the folder of the build's own namespace."""

    key: ObjectKey
    """The key of the object below `inputs/<namespace>/` in the bucket."""

    sha256: Sha256
    """The SHA-256 of the object's bytes. Other bytes are refused."""


class ThemeRef(SpecModel):
    """Where a theme comes from."""

    config_map_ref: ConfigMapRef
    """A ConfigMap that holds the theme as JSON: colours, fonts, logo and footer."""


class Source(SpecModel):
    """Where the document comes from: exactly one of its fields is set."""

    schema_rules: ClassVar = (ExactlyOneOf(("inline", "configMapRef", "objectRef")),)

    inline: Annotated[dict[str, JsonValue], FreeForm(max_properties=32)] | None = None
    """The document itself, as JSON: at most 64 KiB. The compiler checks it against its format."""

    config_map_ref: ConfigMapRef | None = None
    """A ConfigMap that holds the document as JSON."""

    object_ref: ObjectRef | None = None
    """An object in S3 that holds the document as JSON."""


class Asset(SpecModel):
    """An image or other file that the document names."""

    name: DnsLabel
    """The name by which the document refers to it."""

    object_ref: ObjectRef
    """Where its bytes are."""


class GateSwitches(SpecModel):
    """Which quality gates the artifact must pass."""

    contrast: bool = True
    """Text stands out from what is behind it."""

    alt_text: bool = True
    """Every picture and chart has an alternative text."""

    overflow: bool = True
    """Every text fits the box it is in."""

    empty_slides: bool = True
    """No slide is without content."""

    headings: bool = True
    """No heading of a text document skips a level or is empty."""

    links: bool = True
    """Every link within the artifact leads somewhere."""

    formulas: bool = True
    """Every formula of a sheet has a value, and no error."""

    loudness: bool = True
    """Sound is as loud as it should be, and every recording is heard."""

    duration: bool = True
    """No sound is longer than the video, and the video no longer than it may be."""

    captions: bool = True
    """Captions keep to what is said, and stay for as long as it takes to read them."""

    file_size: bool = True
    """The file of a video fits its bound without becoming ugly."""


class ArtifactOrder(SpecModel):
    """What to build, wherever it is asked for: in an ArtifactBuild, or in a Workflow's task."""

    policy_bundle_ref: PolicyBundleRef | None = None
    """The PolicyBundle that governs the build. Unset: `default`, where the namespace has one."""

    target: Target
    """The format of the artifact."""

    source: Source
    """The document to compile: exactly one of `inline`, `configMapRef` and `objectRef`."""

    theme: ThemeRef | None = None
    """A theme that is laid under the document: colours, fonts, logo and footer of a company."""

    assets: Annotated[tuple[Asset, ...], Field(max_length=50), ListMap("name")] = ()
    """Images and other files that the document names."""

    gates: GateSwitches = Field(default_factory=GateSwitches)
    """Quality gates. Each is on unless it is switched off here."""


class ArtifactBuildSpec(RetryingSpec, ArtifactOrder):
    """An order for one artifact."""

    schema_rules: ClassVar = (ImmutableExcept(("suspend", "retry", "ttlSecondsAfterFinished")),)

    timeout_seconds: Annotated[int, Field(ge=10, le=3600)] = 300
    """How long one attempt to compile may run, in seconds. Waiting for a place does not count."""


class Artifact(StatusModel):
    """A file that was built."""

    uri: Annotated[str, Field(max_length=2048)]
    """Where it is kept, as `s3://bucket/key`; the key is the digest of its bytes."""

    sha256: Sha256
    """The SHA-256 of its bytes."""

    size_bytes: Annotated[int, Field(ge=0, le=2**40)]
    """Its size, in bytes."""

    media_type: Annotated[str, Field(max_length=255)]
    """Its media type (MIME)."""


class Provenance(StatusModel):
    """The signed statement of what the artifact was built from, and by what."""

    uri: Annotated[str, Field(max_length=2048)]
    """Where the DSSE envelope is kept, as `s3://bucket/key`."""

    sha256: Sha256
    """The SHA-256 of the envelope's bytes."""

    key_id: Annotated[str, Field(max_length=128)]
    """The key that signed it; its public half is published beside the operator."""


class Thumbnail(StatusModel):
    """A small picture of the artifact's first page, as the Job drew it: nobody signs for it."""

    uri: Annotated[str, Field(max_length=2048)]
    """Where the PNG is kept, as `s3://bucket/key`."""

    sha256: Sha256
    """The SHA-256 of its bytes."""

    size_bytes: Annotated[int, Field(ge=0, le=2**20)]
    """Its size, in bytes."""


class Finding(StatusModel):
    """One thing that a gate objects to."""

    slide: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """The slide, counted from 1, where the artifact has slides."""

    element: Annotated[str, Field(max_length=256)]
    """The element of the slide or of the document."""

    message: Message
    """What is wrong with it."""


class GateOutcome(StatusModel):
    """What one quality gate said."""

    name: Annotated[str, Field(min_length=1, max_length=63)]
    """The gate, named as in `spec.gates`."""

    passed: bool
    """Whether the artifact passed."""

    findings: Annotated[tuple[Finding, ...], Field(max_length=128)] = ()
    """The objections that were kept, in the order of the slides."""

    findings_omitted: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """How many more objections there were."""


class ArtifactBuildStatus(RetryingStatus):
    """What the operator did about an order."""

    phase: Phase | None = None
    """Where the build stands, for people. Programs read `conditions`."""

    cache_key: (
        Annotated[
            str,
            Field(max_length=71),
            Matches(
                "^sha256:[0-9a-f]{64}$", "must be 'sha256:' and 64 lowercase hexadecimal digits"
            ),
        ]
        | None
    ) = None
    """The digest of all that decides the artifact's bytes: document, assets, gates and tools."""

    document_sha256: Sha256 | None = None
    """The SHA-256 of the document that the current run compiles."""

    cache_hit: bool | None = None
    """Whether an earlier build with the same `cacheKey` was reused."""

    artifact: Artifact | None = None
    """The artifact, once it is built."""

    provenance: Provenance | None = None
    """The signed statement about the artifact."""

    thumbnail: Thumbnail | None = None
    """What the artifact's first page looks like, where it has pages that can be drawn."""

    gates: Annotated[tuple[GateOutcome, ...], Field(max_length=16), ListMap("name")] = ()
    """What the quality gates said."""

    policy_bundle: PinnedBundle | None = None
    """The bundle that governs the build; absent where none does."""

    @computed_field(  # type: ignore[prop-decorator]
        description="The artifact's size for people, from `artifact.sizeBytes`."
    )
    @property
    def size(self) -> Annotated[str, Field(max_length=32)] | None:
        """The artifact's size for people."""
        return human_size(self.artifact.size_bytes) if self.artifact else None

    @computed_field(  # type: ignore[prop-decorator]
        description="`Hit` or `Miss`, for people, from `cacheHit`."
    )
    @property
    def cache(self) -> CacheOutcome | None:
        """Whether the cache served it, for people."""
        if self.cache_hit is None:
            return None
        return CacheOutcome.HIT if self.cache_hit else CacheOutcome.MISS


_KIB: Final = 1024
_MIB: Final = 1024 * _KIB


class ArtifactBuild(Resource):
    """A deliverable, such as a slide deck, built from a document.

    The operator compiles the document in a Job, checks the result against quality gates, and
    keeps it in S3 under the digest of its bytes, with a signed statement of its origin. The same
    document always gives the same bytes, so a second build of it is served from the cache.
    """

    schema_rules: ClassVar = (
        # The name becomes the value of a label on everything that the build creates.
        Cel(
            "self.metadata.name.size() <= 63",
            "the name of an ArtifactBuild can have at most 63 characters",
        ),
    )
    kind_info: ClassVar = KindInfo(
        version="v1alpha1",
        plural="artifactbuilds",
        short_names=("ab",),
        columns=(
            Column(name="Target", path=".spec.target", description="The format of the artifact."),
            Column(name="Phase", path=".status.phase", description="Where the build stands."),
            Column(name="Size", path=".status.size", description="The size of the artifact."),
            Column(
                name="Cache",
                path=".status.cache",
                description="Whether an earlier build's bytes were reused.",
            ),
            Column(
                name="Reason",
                path='.status.conditions[?(@.type=="Ready")].reason',
                description="Why the build is ready, or is not.",
            ),
            Column(
                name="Age",
                path=".metadata.creationTimestamp",
                type="date",
                description="How long ago the build was created.",
            ),
            Column(
                name="Message",
                path='.status.conditions[?(@.type=="Ready")].message',
                description="Why the build is ready, or is not, in a sentence.",
                wide=True,
            ),
            Column(
                name="SHA256",
                path=".status.artifact.sha256",
                description="The digest of the artifact's bytes.",
                wide=True,
            ),
        ),
        selectable=(".spec.target", ".status.phase"),
        # At the end of their time, and for the tasks of Workflows.
        operator=("create", "delete"),
        reasons=BuildReason,
        examples=EXAMPLES,
    )

    api_version: Literal["venture.parpour.dev/v1alpha1"] = "venture.parpour.dev/v1alpha1"
    """The group and version of the schema."""

    kind: Literal["ArtifactBuild"] = "ArtifactBuild"
    """The kind of the object."""

    spec: ArtifactBuildSpec
    """What to build. Only `suspend`, `retry` and `ttlSecondsAfterFinished` can change."""

    status: ArtifactBuildStatus = Field(default_factory=ArtifactBuildStatus)
    """What became of the build. Only the operator writes it."""


def human_size(size_bytes: int) -> str:
    """Write a number of bytes the way people read it: `950 B`, `47 KiB`, `1.2 MiB`."""
    if size_bytes < _KIB:
        return f"{size_bytes} B"
    if (kibibytes := round(size_bytes / _KIB)) < _KIB:
        return f"{kibibytes} KiB"
    return f"{size_bytes / _MIB:.1f} MiB"
