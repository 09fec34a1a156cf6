"""What is watched, as data: one list from which the watches, the resync and the CRD check follow.

Nothing here knows kopf or HTTP. A stream is one resource in one namespace: each is judged by
itself, so that a namespace that goes, or rights that are taken away there, silence nothing else.
"""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog
from venture_core.kubernetes.bounded import UNREADABLE
from venture_core.kubernetes.errors import NotFoundError
from venture_core.nesting import is_deeper

from venture_operator import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from venture_core.kubernetes.client import Body
    from venture_core.kubernetes.errors import KubernetesError
    from venture_core.kubernetes.resources import Resource

    from venture_operator.services.intake import Intake
    from venture_operator.services.kind import Stub

DEAF_AFTER: Final = 2
"""Resyncs in a row that found changes which the watch never told."""
IDLE_SECONDS: Final = 20.0
"""How long nothing may be asked of the API server for a stream before its watch counts as dead."""
SILENT_SECONDS: Final = 150.0
"""How long an open watch may say nothing: the API server sends a bookmark every minute."""
BEYOND_REPAIR_SECONDS: Final = 180.0
"""After so long the process itself is restarted: starting the watch again has not helped."""

MAX_DEPTH: Final = 64
"""How deeply a stub may be nested: recursion, kopf's above all, ends a few hundred levels later."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    """A resource that is watched: which objects, where, what is kept, who takes them in."""

    resource: Resource
    intake: Intake
    stub: Stub
    namespaces: tuple[str, ...] = ()
    """Empty: the whole cluster."""
    label_selector: str = ""
    """What the API server leaves out; empty: nothing."""

    @property
    def places(self) -> tuple[str | None, ...]:
        """The namespaces to ask for, None for the whole cluster."""
        return self.namespaces or (None,)

    def keep(self, body: Body) -> Body:
        """Return what is kept of an object."""
        return kept(body, self.stub)


@dataclass(slots=True)
class Stream:
    """One resource in one namespace: how its watch fares.

    Written by the thread that watches and read by the event loop; every field is set as a whole.
    """

    watch: Watch
    namespace: str | None
    trouble: str = "nothing is listed yet"
    """Why the stream tells nothing now; empty while it does."""
    was_away: bool = False
    """Whether it works again after a time when it did not: what went meanwhile was never told."""
    _unlisted: str = ""
    """Why the last resync could not list it, which may be seen before the watch ends."""
    _missed: int = 0
    """Resyncs in a row that found what the watch had not told."""
    _listed: bool = False
    _open: bool = False
    _moved: float = field(default_factory=time.monotonic)
    """When something was asked or heard last."""

    def asked(self) -> None:
        """Take note that the API server is being asked, which may take long."""
        self._open, self._moved = True, time.monotonic()

    def heard(self) -> None:
        """Take note of an answer, or of another piece of it."""
        self._moved = time.monotonic()

    def begin(self) -> None:
        """Take note that a watch is started: it has some time to ask for something."""
        self._missed = 0
        self.left()

    def left(self) -> None:
        """Take note that nothing is being asked any more; the next request is due soon."""
        self._open, self._moved = False, time.monotonic()

    def works(self, *, listed: bool) -> None:
        """Take note that a list was read to its end, or that a watch has begun after one."""
        self.was_away = self.was_away or (self._listed and bool(self.trouble))
        self._listed = self._listed or listed
        if self._listed and self.trouble:
            log.info("watch_works", **self._labels(), after=self.trouble)
            self.trouble = ""
            metrics.WATCH_UP.labels(**self._labels()).set(1)

    def refused(self, why: str) -> None:
        """Take note that the API server refuses or does not answer; said once for each reason."""
        self.heard()
        if why != self.trouble:
            log.warning("watch_refused", **self._labels(), error=why)
            self.trouble = why
            metrics.WATCH_UP.labels(**self._labels()).set(0)

    def compared(self, *, missed: int) -> None:
        """Take note of how many changes a resync found that the watch had not told."""
        self._missed = self._missed + 1 if missed else 0
        self.was_away = self.was_away or bool(self._unlisted)
        self._unlisted = ""

    def unlisted(self, why: str) -> None:
        """Take note that a resync could not list the stream: rights may be gone.

        The API server lets a watch that is open go on, without asking again.
        """
        self._unlisted = why

    def is_dead(self) -> bool:
        """Return whether the watch has to be started again."""
        return self._missed >= DEAF_AFTER or self.idle_seconds() > 0

    def idle_seconds(self) -> float:
        """Return for how long the watch is dead: nobody asks, or nothing is said."""
        patience = SILENT_SECONDS if self._open else IDLE_SECONDS
        return max(0.0, time.monotonic() - self._moved - patience)

    def complaint(self) -> str:
        """Return what is wrong with the stream in a sentence, empty when all is well."""
        where = "" if self.namespace is None else f" in {self.namespace}"
        name = f"the watch on {self.watch.resource.plural}{where}"
        if trouble := self.trouble or self._unlisted:
            return f"{name} does not work: {trouble}"
        return f"{name} is silent" if self.is_dead() else ""

    def _labels(self) -> dict[str, str]:
        return {"resource": self.watch.resource.plural, "watched_namespace": self.namespace or ""}


class Streams:
    """All streams, and what they say together."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._streams = [Stream(watch, place) for watch in watches for place in watch.places]

    def __iter__(self) -> Iterator[Stream]:
        return iter(self._streams)

    def failures(self) -> list[str]:
        """Return complaints about resources that no stream tells of: they are not reconciled."""
        return [each for found in self._by_resource() if all(found) for each in found]

    def degradations(self) -> list[str]:
        """Return complaints about single namespaces, whose resources are told of elsewhere."""
        return [each for found in self._by_resource() if not all(found) for each in found if each]

    def beyond_repair(self) -> list[str]:
        """Return complaints about streams that starting their watch again did not bring back."""
        return [each.complaint() for each in self if each.idle_seconds() > BEYOND_REPAIR_SECONDS]

    def _by_resource(self) -> list[list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for each in self:
            found[each.watch.resource.plural].append(each.complaint())
        return list(found.values())


def kept(body: Body, stub: Stub) -> Body:
    """Return the stub of an object; of one that cannot be read, whose it is and why not.

    Never raises: an object that one tenant wrote must not silence the watch of all.
    """
    if UNREADABLE in body:
        return _remnant(body, body[UNREADABLE])
    try:
        small = stub(body)
    except Exception:
        log.exception("stub_failed", kind=body["kind"], object=body["metadata"])
        return _remnant(body, "its fields are not what the schema says")
    if is_deeper(small, MAX_DEPTH):
        return _remnant(body, f"it is nested more than {MAX_DEPTH} levels deep")
    return small


def refusal(error: KubernetesError) -> str:
    """Return what the API server said, in few words; of a missing CRD it says only 404."""
    missing = isinstance(error, NotFoundError)
    return f"{'not served' if missing else error.reason}: {error}"


def _remnant(body: Body, why: str) -> Body:
    status = body.get("status")
    rest = {key: body[key] for key in ("apiVersion", "kind", "metadata")} | {UNREADABLE: why}
    if isinstance(status, dict) and not is_deeper(status, MAX_DEPTH):
        rest["status"] = status
    return rest
