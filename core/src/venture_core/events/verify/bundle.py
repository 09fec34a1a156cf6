"""Verification of whole bundles: files, signatures, entries and tree, in this order.

Bundles that follow one another are verified as one log: each goes on where the one before it ended,
and the head of every chain is carried over.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from venture_core.events.bundle import (
    Bundle,
    MissingDataError,
    SurplusDataError,
    UnreadableBundleError,
)
from venture_core.events.bundle.layout import EVENTS, GAPS
from venture_core.events.notes import NoteVerifier
from venture_core.events.policy import Policy
from venture_core.events.verify.diagnose import Diagnosis
from venture_core.events.verify.ids import EventIds
from venture_core.events.verify.report import Finding, Kind, Report, surplus
from venture_core.events.verify.rows import Row, rows
from venture_core.events.verify.signatures import Signatures
from venture_core.events.verify.stream import BadEntry, BadRoot, EntryStream
from venture_core.events.verify.tree import vouching_checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_core.events.checkpoint import Checkpoint

type Trust = Policy | Collection[NoteVerifier]
"""A policy, or the keys of one log."""


def verify_bundle(
    bundle: Bundle,
    trusted: Trust,
    *,
    known: Checkpoint | None = None,
    strict: bool = True,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Verify one bundle; see `verify_series`."""
    return verify_series([bundle], trusted, known=known, strict=strict, progress=progress)


def verify_series(
    bundles: Sequence[Bundle],
    trusted: Trust,
    *,
    known: Checkpoint | None = None,
    strict: bool = True,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Verify bundles of one log by what the auditor trusts, and nothing else.

    They are given in the log's order; each begins at the latest where the one before it ends, and
    where they overlap they have to agree. `known` is a checkpoint of the same log that the auditor
    kept from before: the bundles must hold the same history, so a log that was cut back is noticed.
    Without `strict`, whether each line is an event in its one form and each event id comes once is
    left out: that takes a third of the time, and what was signed is proven all the same. `progress`
    is told, once per batch, how many entries of a bundle are done of how many.

    Raises ValueError where there is no bundle, where `known` cannot be compared because it is older
    than the first entry, or where a bundle ends before the one before it; PolicyError for keys of
    more than one log; and OSError where reading fails.
    """
    if not bundles:
        raise ValueError("there is no bundle to verify")
    first = bundles[0].manifest.first
    if known is not None and known.size < first:
        raise ValueError(
            f"a checkpoint of {known.size} entries says nothing of a bundle from {first} on"
        )
    for before, after in pairwise(bundles):
        if after.manifest.size < before.manifest.size or after.manifest.first < first:
            raise ValueError("the bundles do not follow one another in the order they are given")
    policy = trusted if isinstance(trusted, Policy) else Policy.of_keys(trusted)
    done: list[_Verification] = []
    with EventIds() as ids:
        for bundle in bundles:
            done.append(
                _Verification(bundle, policy, done, known, progress, ids if strict else None)
            )
            if finding := done[-1].find(is_last=len(done) == len(bundles)):
                return _report(done, finding, strict=strict)
    return _report(done, None, strict=strict)


def _report(done: Sequence[_Verification], finding: Finding | None, *, strict: bool) -> Report:
    first, last = done[0].bundle.manifest, done[-1]
    stream = last.stream
    signatures = [each.signatures for each in done]
    timed = [each.timed_from for each in signatures if each.timed_from is not None]
    good = finding is None
    return Report(
        origin=last.bundle.manifest.origin,
        first=first.first,
        size=last.bundle.manifest.size,
        bundles=len(done),
        strict=strict,
        entries=(last.bundle.manifest.first if stream is None else stream.size) - first.first,
        workflows=0 if stream is None else stream.workflows,
        checkpoints=sum(len(each.checkpoints) for each in signatures),
        signers=tuple(dict.fromkeys(name for each in signatures for name in each.signers)),
        root=last.signatures.checkpoints[-1].root if good else None,
        timed_from=min(timed) if good and timed else None,
        signed_at=last.signatures.checkpoints[-1].signed_at if good else None,
        note=last.signatures.note if good else None,
        finding=finding,
    )


class _Verification:
    """One verification of one bundle, those before it being right."""

    def __init__(
        self,
        bundle: Bundle,
        policy: Policy,
        before: Sequence[_Verification],
        known: Checkpoint | None,
        progress: Callable[[int, int], None],
        ids: EventIds | None,
    ) -> None:
        self.bundle = bundle
        self._ids = ids
        self._policy = policy
        self._before = tuple(before)
        self._known = known
        self._progress = progress
        earliest = self._before[-1].signatures.signed_at if before else None
        self.signatures: Signatures = Signatures(bundle, policy, earliest, known)
        self.stream: EntryStream | None = None

    def find(self, *, is_last: bool) -> Finding | None:
        """Look for the first fault. What is known is compared where the bundle covers it."""
        known = self._known
        covers = known is not None and (known.size <= self.bundle.manifest.size or is_last)
        compared = known if covers else None
        if finding := self._check_names() or self._check_start():
            return finding
        try:
            return (
                self.signatures.check()
                or self._check_entries(compared)
                or self._check_end(compared)
                or self._check_surplus()
                or self.signatures.check_quorum()
            )
        except MissingDataError as error:
            return self._truncated(str(error))
        except UnreadableBundleError as error:
            return self._cut_off() or Finding.of(error)

    def _check_names(self) -> Finding | None:
        try:
            self.bundle.check_names()
        except (SurplusDataError, UnreadableBundleError) as error:
            return Finding.of(error)
        return None

    def _check_start(self) -> Finding | None:
        """Check that the bundle is of the log that is trusted, and goes on where others ended."""
        manifest = self.bundle.manifest
        if manifest.origin != self._policy.origin:
            return Finding(
                Kind.OTHER_LOG,
                f"it is a bundle of the log {manifest.origin!r}, not of {self._policy.origin!r}",
            )
        end = self._before[-1].bundle.manifest.size if self._before else manifest.first
        if manifest.first > end:
            return Finding(
                Kind.MISSING,
                f"log index {end} to {manifest.first - 1} are in none of the bundles",
                log_index=end,
                last_log_index=manifest.first - 1,
            )
        return None

    def _check_entries(self, known: Checkpoint | None) -> Finding | None:
        compared = [*self.signatures.checkpoints]
        if known is not None and known.size >= self.bundle.manifest.first:
            compared.append(known)
        before = self._before[-1] if self._before else None
        if before is not None:
            # The same root where the one before ended: what both hold is the same.
            compared.append(before.signatures.checkpoints[-1])
        compared.sort(key=lambda each: each.size)
        follows = None if before is None else before.stream
        self.stream = EntryStream(self.bundle, compared, self._progress, follows, self._ids)
        bad = self.stream.run()
        # What is wrong otherwise stands behind all good entries, so behind both of these.
        repeated = frozenset() if self._ids is None else self._ids.repeated()
        if finding := self._duplicate(repeated, self.stream.size):
            return finding
        match bad:
            case BadEntry(log_index):
                return Diagnosis(self.bundle, compared, log_index).finding()
            case BadRoot(checkpoint, good_size):
                return self._bad_root(checkpoint, good_size, compared)
            case None:
                return None

    def _duplicate(self, repeated: Collection[int], end: int) -> Finding | None:
        """Look for two events of one id among the entries up to `end`, by the hashes of ids."""
        first: dict[str, int] = {}
        if not repeated:
            return None
        for row in self._rows(end):
            name = row.event_id
            if name is None or hash(name.encode()) not in repeated:
                continue
            if name not in first:
                first[name] = row.log_index
                continue
            return Finding(
                Kind.DUPLICATE,
                f"log index {row.log_index}: the event {name} was logged before, at log index "
                f"{first[name]}",
                log_index=row.log_index,
                other_log_index=first[name],
                workflow_id=row.workflow_id,
                seq=row.seq,
                event_id=name,
            )
        return None

    def _rows(self, end: int) -> Iterator[Row]:
        """Give every entry once, of the bundles before this one too."""
        at = 0
        for each in (*self._before, self):
            last = min(each.bundle.manifest.size, end)
            for row in rows(each.bundle, at):
                if row.log_index >= last:
                    break
                yield row
            at = last

    def _bad_root(
        self, checkpoint: Checkpoint, good_size: int, checkpoints: Sequence[Checkpoint]
    ) -> Finding:
        """All entries fit together, but a signed root says that they are not what was logged."""
        size = checkpoint.size
        later = vouching_checkpoint(self.bundle, checkpoints, size - 1)
        if later is not None:
            return Finding(
                Kind.CONTRADICTION,
                f"the log signed two histories: its checkpoint of {size} entries does not fit the "
                f"one of {later.size}",
                checkpoint_size=size,
            )
        if size == self.bundle.manifest.first:
            return Finding(
                Kind.DAMAGED,
                f"the tree's edge at the bundle's start is not the one signed at {size} entries",
                checkpoint_size=size,
            )
        is_start = good_size == self.bundle.manifest.first > 0
        doubt = " (or the tree's edge that the bundle starts with was changed)" if is_start else ""
        return Finding(
            Kind.REWRITTEN,
            f"log index {good_size} to {size - 1}: the entries, their chains and their tree fit "
            f"together, but not with the checkpoint signed at {size} entries: what was logged "
            f"there was rewritten{doubt}",
            log_index=good_size,
            last_log_index=size - 1 if size - 1 > good_size else None,
            checkpoint_size=size,
        )

    def _check_end(self, known: Checkpoint | None) -> Finding | None:
        """Check that nothing is missing behind the last entry, and that all of it is signed."""
        self.bundle.check_files()
        manifest, checkpoints = self.bundle.manifest, self.signatures.checkpoints
        assert self.stream is not None  # noqa: S101 - for the type checker
        signed = checkpoints[-1].size if checkpoints else 0
        if self.stream.size < manifest.size:
            return self._truncated(f"{manifest.size - self.stream.size} entries are not there")
        if signed > manifest.size:
            return self._truncated(f"the log had {signed} entries when its checkpoint was signed")
        if known is not None and known.size > manifest.size:
            return self._truncated(f"the log had {known.size} entries before")
        if not checkpoints or signed < manifest.size:
            return Finding(
                Kind.UNPROVEN,
                f"no signed checkpoint covers the entries from log index {signed} on",
                log_index=signed,
            )
        return None

    def _check_surplus(self) -> Finding | None:
        """Check that nothing is in the bundle that was not looked at, entry by entry."""
        manifest = self.bundle.manifest
        assert self.stream is not None  # noqa: S101 - for the type checker
        described = manifest.files[EVENTS].bytes
        if self.stream.line_bytes < described:
            return surplus(
                f"{EVENTS} goes on behind the bundle's {manifest.entries} entries, by "
                f"{described - self.stream.line_bytes} bytes that nobody signed",
                log_index=manifest.size,
            )
        if self.stream.line_bytes > described:
            return Finding(Kind.DAMAGED, f"the last line of {EVENTS} has no end")
        if GAPS in manifest.files:
            return surplus(f"there is a {GAPS}, but no entry is missing")
        self.bundle.claimed_keys()
        return None

    def _cut_off(self) -> Finding | None:
        """Say so if what cannot be read is only what is left of a longer file."""
        try:
            self.bundle.check_files()
        except MissingDataError as error:
            return self._truncated(str(error))
        except UnreadableBundleError:
            return None
        return None

    def _truncated(self, message: str) -> Finding:
        at = self.bundle.manifest.first if self.stream is None else self.stream.size
        return Finding(
            Kind.TRUNCATED, f"the bundle is cut off at log index {at}: {message}", log_index=at
        )
