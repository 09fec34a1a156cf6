"""Verification of a whole bundle: signatures, entries, tree and files, in this order."""

from typing import TYPE_CHECKING, Final

from venture_core.events.bundle import MissingDataError, SurplusDataError, UnreadableBundleError
from venture_core.events.bundle.layout import EVENTS, GAPS
from venture_core.events.checkpoint import MAX_SIZE, Checkpoint, CheckpointError, checkpoint_of
from venture_core.events.notes import NoteFormatError, NoteSignatureError, open_note
from venture_core.events.verify.diagnose import Diagnosis
from venture_core.events.verify.report import Finding, Kind, Report
from venture_core.events.verify.rows import Row, rows
from venture_core.events.verify.stream import BadEntry, BadRoot, EntryStream
from venture_core.events.verify.tree import vouching_checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from venture_core.events.bundle import Bundle
    from venture_core.events.notes import NoteVerifier

_SIZE_DIGITS: Final = len(str(MAX_SIZE))


def verify_bundle(
    bundle: Bundle,
    trusted: Collection[NoteVerifier],
    *,
    known: Checkpoint | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Verify a bundle with the keys that the auditor trusts, and nothing else.

    `known` is a checkpoint of the same log that the auditor kept from before: the bundle must hold
    the same history, so a log that was cut back is noticed. `progress` is told, once per batch, how
    many entries are done of how many. Raises ValueError where `known` cannot be compared because
    it is older than the bundle's first entry, and OSError where reading fails.
    """
    if known is not None and known.size < bundle.manifest.first:
        raise ValueError(
            f"a checkpoint of {known.size} entries says nothing of a bundle from "
            f"{bundle.manifest.first} on"
        )
    return _Verification(bundle, trusted, known, progress).report()


class _Verification:
    """One verification of one bundle."""

    def __init__(
        self,
        bundle: Bundle,
        trusted: Collection[NoteVerifier],
        known: Checkpoint | None,
        progress: Callable[[int, int], None],
    ) -> None:
        self._bundle = bundle
        self._trusted = trusted
        self._known = known
        self._progress = progress
        self._checkpoints: list[Checkpoint] = []
        self._signers: dict[str, None] = {}
        self._stream: EntryStream | None = None

    def report(self) -> Report:
        """Look for the first fault and report."""
        finding = self._check_names() or self._find()
        manifest, stream = self._bundle.manifest, self._stream
        return Report(
            origin=manifest.origin,
            first=manifest.first,
            size=manifest.size,
            entries=0 if stream is None else stream.size - manifest.first,
            workflows=0 if stream is None else stream.workflows,
            checkpoints=len(self._checkpoints),
            signers=tuple(self._signers),
            root=self._checkpoints[-1].root if finding is None else None,
            finding=finding,
        )

    def _check_names(self) -> Finding | None:
        try:
            self._bundle.check_names()
        except SurplusDataError as error:
            return _surplus(str(error))
        except UnreadableBundleError as error:
            return _damaged(error)
        return None

    def _find(self) -> Finding | None:
        try:
            return (
                self._check_checkpoints()
                or self._check_entries()
                or self._check_end()
                or self._check_surplus()
            )
        except MissingDataError as error:
            return self._truncated(str(error))
        except UnreadableBundleError as error:
            return self._cut_off() or _damaged(error)

    def _check_checkpoints(self) -> Finding | None:
        """Verify all signatures, and that the checkpoints are of this log and in order."""
        for note in self._bundle.checkpoints():
            try:
                opened = open_note(note, self._trusted)
                checkpoint = checkpoint_of(opened, origin=self._bundle.manifest.origin)
            except (NoteFormatError, NoteSignatureError, CheckpointError) as error:
                return _forged(note, error)
            if self._checkpoints and checkpoint.size <= self._checkpoints[-1].size:
                return Finding(
                    Kind.DAMAGED,
                    f"the checkpoint of {checkpoint.size} entries is not in order of size",
                    checkpoint_size=checkpoint.size,
                )
            if checkpoint.size < self._bundle.manifest.first:
                return _surplus(
                    f"the checkpoint of {checkpoint.size} entries is older than the bundle's first "
                    "entry: nothing here is compared with it",
                    checkpoint_size=checkpoint.size,
                )
            self._checkpoints.append(checkpoint)
            for signer in opened.signers:
                self._signers.setdefault(signer.text)
        return None

    def _check_entries(self) -> Finding | None:
        checkpoints = self._checkpoints
        if self._known is not None:
            checkpoints = sorted([*checkpoints, self._known], key=lambda each: each.size)
        self._stream = EntryStream(self._bundle, checkpoints, self._progress)
        bad = self._stream.run()
        # What is wrong otherwise stands behind all good entries, so behind both of these.
        if finding := self._duplicate(self._stream.ids.repeated(), self._stream.size):
            return finding
        match bad:
            case BadEntry(log_index):
                return Diagnosis(self._bundle, checkpoints, log_index).finding()
            case BadRoot(checkpoint, good_size):
                return self._bad_root(checkpoint, good_size, checkpoints)
            case None:
                return None

    def _duplicate(self, repeated: Collection[int], end: int) -> Finding | None:
        """Look for two events of one id among the entries up to `end`, by the hashes of ids."""
        first: dict[str, Row] = {}
        if not repeated:
            return None
        for row in rows(self._bundle, self._bundle.manifest.first):
            name = row.event_id
            if row.log_index >= end:
                break
            if name is None or hash(name.encode()) not in repeated:
                continue
            if name not in first:
                first[name] = row
                continue
            return Finding(
                Kind.DUPLICATE,
                f"log index {row.log_index}: the event {name} was logged before, at log index "
                f"{first[name].log_index}",
                log_index=row.log_index,
                other_log_index=first[name].log_index,
                workflow_id=row.workflow_id,
                seq=row.seq,
                event_id=name,
            )
        return None

    def _bad_root(
        self, checkpoint: Checkpoint, good_size: int, checkpoints: Sequence[Checkpoint]
    ) -> Finding:
        """All entries fit together, but a signed root says that they are not what was logged."""
        size = checkpoint.size
        later = vouching_checkpoint(self._bundle, checkpoints, size - 1)
        if later is not None:
            return Finding(
                Kind.CONTRADICTION,
                f"the log signed two histories: its checkpoint of {size} entries does not fit the "
                f"one of {later.size}",
                checkpoint_size=size,
            )
        if size == self._bundle.manifest.first:
            return Finding(
                Kind.DAMAGED,
                f"the tree's edge at the bundle's start is not the one signed at {size} entries",
                checkpoint_size=size,
            )
        is_start = good_size == self._bundle.manifest.first > 0
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

    def _check_end(self) -> Finding | None:
        """Check that nothing is missing behind the last entry, and that all of it is signed."""
        self._bundle.check_files()
        manifest = self._bundle.manifest
        assert self._stream is not None  # noqa: S101 - for the type checker
        signed = self._checkpoints[-1].size if self._checkpoints else 0
        if self._stream.size < manifest.size:
            return self._truncated(f"{manifest.size - self._stream.size} entries are not there")
        if signed > manifest.size:
            return self._truncated(f"the log had {signed} entries when its checkpoint was signed")
        if self._known is not None and self._known.size > manifest.size:
            return self._truncated(f"the log had {self._known.size} entries before")
        if not self._checkpoints or signed < manifest.size:
            return Finding(
                Kind.UNPROVEN,
                f"no signed checkpoint covers the entries from log index {signed} on",
                log_index=signed,
            )
        return None

    def _check_surplus(self) -> Finding | None:
        """Check that nothing is in the bundle that was not looked at, entry by entry."""
        manifest = self._bundle.manifest
        assert self._stream is not None  # noqa: S101 - for the type checker
        described = manifest.files[EVENTS].bytes
        if self._stream.line_bytes < described:
            return _surplus(
                f"{EVENTS} goes on behind the bundle's {manifest.entries} entries, by "
                f"{described - self._stream.line_bytes} bytes that nobody signed",
                log_index=manifest.size,
            )
        if self._stream.line_bytes > described:
            return Finding(Kind.DAMAGED, f"the last line of {EVENTS} has no end")
        if GAPS in manifest.files:
            return _surplus(f"there is a {GAPS}, but no entry is missing")
        self._bundle.claimed_keys()
        return None

    def _cut_off(self) -> Finding | None:
        """Say so if what cannot be read is only what is left of a longer file."""
        try:
            self._bundle.check_files()
        except MissingDataError as error:
            return self._truncated(str(error))
        except UnreadableBundleError:
            return None
        return None

    def _truncated(self, message: str) -> Finding:
        at = self._bundle.manifest.first if self._stream is None else self._stream.size
        return Finding(
            Kind.TRUNCATED, f"the bundle is cut off at log index {at}: {message}", log_index=at
        )


def _damaged(error: UnreadableBundleError) -> Finding:
    return Finding(Kind.DAMAGED, f"the bundle is damaged: {error}")


def _surplus(
    message: str, *, log_index: int | None = None, checkpoint_size: int | None = None
) -> Finding:
    return Finding(
        Kind.SURPLUS,
        f"the bundle holds what nothing vouches for: {message}",
        log_index=log_index,
        checkpoint_size=checkpoint_size,
    )


def _forged(note: bytes, error: Exception) -> Finding:
    """Name the checkpoint by what it says of itself, trusted or not."""
    lines = note.split(b"\n")
    said = len(lines) > 1 and lines[1].isdigit() and len(lines[1]) <= _SIZE_DIGITS
    size = int(lines[1]) if said else None
    name = "a checkpoint" if size is None else f"the checkpoint of {size} entries"
    return Finding(Kind.FORGED_CHECKPOINT, f"{name} is forged: {error}", checkpoint_size=size)
