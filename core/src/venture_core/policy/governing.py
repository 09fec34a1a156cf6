"""The bundles of a cluster, in memory: which of them governs an object of a namespace."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, override

from venture_crds.v1alpha1.policybundle import BundleState

from venture_core.policy.snapshot import Snapshot, combine

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_BUNDLE: Final = "default"
"""The bundle of a namespace that governs what names none."""


@dataclass(frozen=True, slots=True)
class BundleName:
    """Which PolicyBundle."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> BundleName | None:
        """Read namespace/name; None for an empty text. Raises ValueError for anything else."""
        if not text:
            return None
        namespace, slash, name = text.partition("/")
        if not (namespace and slash and name):
            raise ValueError(f"{text!r} is not namespace/name")
        return cls(namespace, name)

    @override
    def __str__(self) -> str:
        return f"PolicyBundle {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Known:
    """A PolicyBundle as it is in the cluster. `snapshot` is None where it cannot be compiled."""

    uid: str
    version: str
    state: BundleState
    snapshot: Snapshot | None


@dataclass(frozen=True, slots=True)
class Governance:
    """What governs something new: nothing, where `snapshot` is None and nothing is missing.

    `missing` says why nothing can be accepted now; empty where all is there.
    """

    snapshot: Snapshot | None = None
    name: str = ""
    """The namespace's own bundle; empty where only the baseline governs."""
    version: str = ""
    missing: str = ""


@dataclass(slots=True)
class Governing:
    """All PolicyBundles that are known."""

    baseline: BundleName | None = None
    """The platform's bundle, which governs everywhere beside a namespace's own."""
    _known: dict[BundleName, Known] = field(default_factory=dict)

    def put(self, name: BundleName, bundle: Known) -> None:
        """Take over a bundle as it is now."""
        self._known[name] = bundle

    def remove(self, name: BundleName, uid: str) -> None:
        """Forget a bundle that is gone, unless another has its name by now."""
        if (known := self._known.get(name)) is not None and known.uid == uid:
            del self._known[name]

    def get(self, name: BundleName) -> Known | None:
        """Return a bundle, None where there is none of that name."""
        return self._known.get(name)

    def __iter__(self) -> Iterator[BundleName]:
        return iter(tuple(self._known))

    def governs(self, namespace: str, name: str | None) -> Governance:
        """Return what governs something new of a namespace that names a bundle, or none."""
        baseline: Snapshot | None = None
        version = ""
        if self.baseline is not None:
            found = self._usable(self.baseline)
            if isinstance(found, str):
                return Governance(missing=f"the platform's baseline: {found}")
            baseline, version = found.snapshot, found.version
        own_name = BundleName(namespace, name or DEFAULT_BUNDLE)
        if name is None and own_name not in self._known:
            return Governance(snapshot=baseline, version=version)
        own = self._usable(own_name)
        if isinstance(own, str):
            return Governance(missing=own)
        snapshot = combine(baseline, own.snapshot)
        return Governance(snapshot=snapshot, name=own_name.name, version=own.version)

    def _usable(self, name: BundleName) -> Known | str:
        """Return a bundle that governs what is new, or why it does not."""
        known = self._known.get(name)
        if known is None:
            return f"there is no {name}, or it is not published yet"
        if known.snapshot is None:
            return f"{name} cannot be compiled: see its conditions"
        if known.state is BundleState.DRAFT:
            return f"{name} is a draft: publish it by spec.state: Published"
        if known.state is BundleState.DEPRECATED:
            return f"{name} is deprecated: it governs nothing new"
        return known
