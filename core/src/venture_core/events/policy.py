"""Whom an auditor trusts: which log, the keys it signed with and for which sizes, the witnesses.

Written as a C2SP tlog-policy. The sizes that a key was good for stand where that format has a URL
of an application's own meaning, as `venture-sizes:FIRST-LAST` with LAST left out for a key in use;
a reader that does not know them takes each key for every size.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from venture_core.events.checkpoint import MAX_SIZE, Checkpoint, checkpoint_of
from venture_core.events.cosign import WitnessKey
from venture_core.events.notes import NoteSignatureError, NoteVerifier, open_note

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from venture_core.events.notes import Note

MAX_POLICY_BYTES: Final = 64 * 1024
MAX_NAMES: Final = 64
"""How many logs' keys, and how many witnesses and groups, a policy can have."""

NO_QUORUM: Final = "none"

_SIZES: Final = re.compile(r"venture-sizes:(0|[1-9][0-9]{0,18})-(0|[1-9][0-9]{0,18})?")
_ALLOWED: Final = re.compile(r"[\t\n\x20-\x7e\x80-\U0010ffff]*")
_MEMBERS_AT: Final = 3


class PolicyError(ValueError):
    """The text is no policy; the message names the line."""


class RetiredKeyError(NoteSignatureError):
    """A trusted key signed a checkpoint of a size that it was not good for."""


class QuorumError(NoteSignatureError):
    """Too few witnesses cosigned a checkpoint."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of the log, and the sizes of the log that it may have signed."""

    verifier: NoteVerifier
    first: int = 0
    last: int | None = None
    """The largest size; None for a key in use."""

    def covers(self, size: int) -> bool:
        """Whether the key was good for a log of this size."""
        return self.first <= size and (self.last is None or size <= self.last)

    def line(self) -> str:
        """Return the line of a policy that says so."""
        if self.first == 0 and self.last is None:
            return f"log {self.verifier.text}"
        last = "" if self.last is None else self.last
        return f"log {self.verifier.text} venture-sizes:{self.first}-{last}"


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses and groups, so many of which must have cosigned."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint that the policy accepts as the log's."""

    checkpoint: Checkpoint
    signers: tuple[NoteVerifier, ...]
    """The keys that signed it and were good for its size, at least one."""
    note: Note
    source: bytes
    """The signed note as it was given."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What has to be signed by whom."""

    origin: str
    """The log's name: that of its keys."""

    keys: tuple[LogKey, ...]
    witnesses: Mapping[str, WitnessKey] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NO_QUORUM
    """The witness or group that must have cosigned a log's last checkpoint, or `none`."""

    @classmethod
    def of_keys(cls, verifiers: Collection[NoteVerifier]) -> Self:
        """Trust keys for every size and ask for no witness; PolicyError where no one log has them.

        A log signs in its own name.
        """
        names = {each.name for each in verifiers}
        if len(names) != 1:
            raise PolicyError(f"the keys are of {len(names)} logs, not of one")
        return cls(names.pop(), tuple(LogKey(each) for each in verifiers))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy; PolicyError where it is none, or where it names more than one log."""
        if len(text) > MAX_POLICY_BYTES or not _ALLOWED.fullmatch(text):
            raise PolicyError("a policy is a text of at most 64 KiB without control characters")
        reader = _Reader()
        for number, line in enumerate(text.split("\n"), start=1):
            words = line.replace("\t", " ").strip(" ").split()
            if not words or words[0].startswith("#"):
                continue
            try:
                reader.read(words)
            except ValueError as error:
                raise PolicyError(f"line {number}: {error}") from error
        if reader.quorum is None:
            raise PolicyError("there is no quorum line")
        try:
            origin = cls.of_keys([each.verifier for each in reader.keys]).origin
        except PolicyError as error:
            raise PolicyError(f"a policy is for one log: {error}") from error
        return cls(origin, tuple(reader.keys), reader.witnesses, reader.groups, reader.quorum)

    def open(self, note: bytes) -> Signed:
        """Return the checkpoint that the log signed, whoever cosigned it.

        Raises NoteFormatError, NoteSignatureError (RetiredKeyError where only keys signed it that
        were not good for its size) and CheckpointError.
        """
        opened = open_note(note, [each.verifier for each in self.keys])
        checkpoint = checkpoint_of(opened, origin=self.origin)
        good = [each.verifier for each in self.keys if each.covers(checkpoint.size)]
        signers = tuple(each for each in opened.signers if each in good)
        if not signers:
            raise RetiredKeyError(
                f"{opened.signers[0].text} signed it, a key that is not good for a log of "
                f"{checkpoint.size} entries"
            )
        return Signed(checkpoint, signers, opened, note)

    def check_quorum(self, note: Note) -> None:
        """Raise QuorumError unless enough witnesses cosigned the note."""
        if self.quorum == NO_QUORUM:
            return
        cosigned = {
            name
            for name, witness in self.witnesses.items()
            if witness.cosigned_at(note.text, note.signatures) is not None
        }
        # A group names only what is defined before it, so one pass decides them all.
        for name, group in self.groups.items():
            if sum(member in cosigned for member in group.members) >= group.threshold:
                cosigned.add(name)
        if self.quorum not in cosigned:
            raise QuorumError(f"the quorum {self.quorum} of witnesses did not cosign it")


def policy_text(keys: Iterable[LogKey]) -> str:
    """Return the policy that trusts these keys and asks for no witness."""
    return "".join(f"{each.line()}\n" for each in keys) + f"quorum {NO_QUORUM}\n"


class _Reader:
    """Takes a policy line by line."""

    def __init__(self) -> None:
        self.keys: list[LogKey] = []
        self.witnesses: dict[str, WitnessKey] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def read(self, words: list[str]) -> None:
        match words:
            case ["log", vkey]:
                self._add_key(LogKey(NoteVerifier.parse(vkey)))
            case ["log", vkey, url]:
                self._add_key(_key_with(NoteVerifier.parse(vkey), url))
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                self._add_witness(name, WitnessKey.parse(vkey))
            case ["group", name, threshold, _, *_]:
                self._add_group(name, threshold, words[_MEMBERS_AT:])
            case ["quorum", name]:
                if self.quorum is not None:
                    raise PolicyError("there is a second quorum line")
                if name != NO_QUORUM:
                    self._check_known(name)
                self.quorum = name
            case _:
                raise PolicyError(f"no line of a policy starts with {words[0]!r} and goes on so")

    def _add_key(self, key: LogKey) -> None:
        if any(key.verifier.raw == each.verifier.raw for each in self.keys):
            raise PolicyError("the log's key stands there twice")
        if len(self.keys) == MAX_NAMES:
            raise PolicyError(f"a policy has at most {MAX_NAMES} keys")
        self.keys.append(key)

    def _add_witness(self, name: str, witness: WitnessKey) -> None:
        self._check_new(name)
        if any(witness.raw == each.raw for each in self.witnesses.values()):
            raise PolicyError("the witness's key stands there twice")
        self.witnesses[name] = witness

    def _add_group(self, name: str, threshold: str, members: list[str]) -> None:
        self._check_new(name)
        for member in members:
            self._check_known(member)
            if member in self._members:
                raise PolicyError(f"{member} is a member twice")
            self._members.add(member)
        words = {"all": len(members), "any": 1}
        number = words.get(threshold) or (
            int(threshold) if threshold.isascii() and threshold.isdecimal() else 0
        )
        if not 1 <= number <= len(members):
            raise PolicyError(f"no {threshold!r} of {len(members)} members can cosign")
        self.groups[name] = Group(number, tuple(members))

    def _check_new(self, name: str) -> None:
        if name == NO_QUORUM or name in self.witnesses or name in self.groups:
            raise PolicyError(f"the name {name!r} is taken")
        if len(self.witnesses) + len(self.groups) == MAX_NAMES:
            raise PolicyError(f"a policy has at most {MAX_NAMES} witnesses and groups")

    def _check_known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise PolicyError(f"no line before this one names {name!r}")


def _key_with(verifier: NoteVerifier, url: str) -> LogKey:
    found = _SIZES.fullmatch(url)
    if found is None:
        if url.startswith("venture-sizes:"):
            raise PolicyError(f"{url!r} are no sizes")
        return LogKey(verifier)
    first, last = int(found[1]), None if found[2] is None else int(found[2])
    if max(first, last or 0) > MAX_SIZE or (last is not None and last < first):
        raise PolicyError(f"{url!r} are no sizes")
    return LogKey(verifier, first, last)
