"""Whom the auditor trusts: keys and policies as they are given on the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from venture_core.events.keys import is_pem, read_keys
from venture_core.events.notes import NoteFormatError
from venture_core.events.policy import MAX_POLICY_BYTES, Policy, PolicyError

from venture_cli.errors import CliError, ExitCode
from venture_cli.services.files import read_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from venture_core.events.notes import NoteVerifier

MAX_KEY_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Trust:
    """What was given, not read yet."""

    keys: Sequence[str] = ()
    policy: Path | None = None
    origin: str | None = None
    """The log's name, where a key in PEM does not say it."""

    def read(self, claimed: str, bundles: Sequence[Path] = ()) -> Policy:
        """Return what is trusted.

        `claimed` names the log whose files are to be verified, as they say: a key in PEM is trusted
        in that name unless `origin` says another. Raises CliError (usage) where something cannot be
        read, is none, is of several logs, or is a file of one of the bundles themselves.
        """
        if self.policy is not None:
            return _read_policy(self.policy)
        for key in self.keys:
            _refuse_own(key, bundles)
        try:
            return Policy.of_keys(read_log_keys(self.keys, self.origin or claimed))
        except PolicyError as error:
            raise CliError(f"--key: {error}", ExitCode.USAGE) from error

    def takes_name_from_files(self) -> bool:
        """Say whether nothing but the files to be verified names the log."""
        if self.policy is not None or self.origin is not None:
            return False
        paths = [Path(key) for key in self.keys]
        texts = [path.read_text(errors="replace") for path in paths if path.is_file()]
        return any(map(is_pem, texts))


def read_log_keys(keys: Sequence[str], origin: str) -> list[NoteVerifier]:
    """Return the keys in files and arguments; CliError (usage) where one is none."""
    trusted: list[NoteVerifier] = []
    for key in keys:
        path = Path(key)
        text = read_file(path, MAX_KEY_BYTES).decode(errors="replace") if path.is_file() else key
        try:
            trusted += read_keys(text, name=origin)
        except NoteFormatError as error:
            message = f"--key {key}: {error}, and there is no such file"
            if path.is_file():
                message = f"--key {key}: {error}"
            raise CliError(message, ExitCode.USAGE) from error
    return trusted


def _read_policy(path: Path) -> Policy:
    try:
        return Policy.parse(read_file(path, MAX_POLICY_BYTES + 1).decode())
    except (UnicodeDecodeError, PolicyError) as error:
        raise CliError(f"--policy {path}: {error}", ExitCode.USAGE) from error


def _refuse_own(key: str, bundles: Sequence[Path]) -> None:
    """Refuse a key that comes out of what it is to verify: it proves nothing."""
    path = Path(key)
    if not path.is_file():
        return
    for bundle in bundles:
        if path.resolve().is_relative_to(bundle.resolve()):
            raise CliError(
                f"--key {key} is a file of the bundle itself: whoever forged the one wrote the "
                "other, so it proves nothing",
                ExitCode.USAGE,
                next_step="Get the log's key by another way; `venture audit key` shows it.",
            )
