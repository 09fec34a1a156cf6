"""Files of this machine: what commands read, and what they leave behind."""

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.images import MAX_IMAGE_BYTES
from venture_core.artifacts.limits import ARTIFACT_MAX_BYTES, MAX_ASSETS
from venture_core.artifacts.provenance import ENVELOPE_MAX_BYTES

from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.documents import MAX_FILE_BYTES
from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from venture_cli.domain.documents import Source

STANDARD: Final = "-"
"""Standard input or output, as an argument."""


def read_document_file(path: str) -> bytes:
    """Return the bytes of FILE, of standard input for `-`. One byte over the limit is enough."""
    if path == STANDARD:
        return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    return read_file(Path(path), MAX_FILE_BYTES + 1)


def with_theme(source: Source, path: Path | None) -> Source:
    """Return a source with the theme of a file laid under its document, where one is given."""
    return source if path is None else source.themed(read_file(path, MAX_FILE_BYTES + 1), str(path))


def is_file(argument: str) -> bool:
    """Return whether the argument of `verify` means a file: one that exists, not `ab/NAME`."""
    return not ARTIFACT.refers(argument) and Path(argument).is_file()


def read_artifact(path: Path) -> bytes:
    """Return the bytes of an artifact. CliError (usage) where it is larger than any."""
    data = read_file(path, ARTIFACT_MAX_BYTES + 1)
    if len(data) > ARTIFACT_MAX_BYTES:
        raise CliError(f"{path} has more than {ARTIFACT_MAX_BYTES} bytes", ExitCode.USAGE)
    return data


def read_envelope(path: Path) -> bytes:
    """Return the bytes of a signed statement; verification refuses a longer one."""
    return read_file(path, ENVELOPE_MAX_BYTES + 1)


def read_file(path: Path, max_bytes: int) -> bytes:
    """Return at most the first `max_bytes` of a file. CliError (usage) where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(max_bytes)
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}", ExitCode.USAGE) from error


def read_pem(path: Path) -> str:
    """Return the text of a public key. CliError (usage) where it cannot be read."""
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"cannot read the key {path}: {error}", ExitCode.USAGE) from error


def read_assets(pairs: list[str]) -> dict[str, bytes]:
    """Return the bytes of each `name=path`. CliError (usage) for what is no such pair."""
    if len(pairs) > MAX_ASSETS:
        raise CliError(f"a build has at most {MAX_ASSETS} assets", ExitCode.USAGE)
    assets: dict[str, bytes] = {}
    for pair in pairs:
        name, separator, path = pair.partition("=")
        if not (name and separator and path):
            raise CliError(
                f"--asset {pair!r} is not NAME=PATH",
                ExitCode.USAGE,
                next_step="For instance --asset logo=pictures/logo.png",
            )
        if name in assets:
            raise CliError(f"the asset {name} is given twice", ExitCode.USAGE)
        assets[name] = read_file(Path(path), MAX_IMAGE_BYTES + 1)
        if len(assets[name]) > MAX_IMAGE_BYTES:
            raise CliError(
                f"{path} has more than {MAX_IMAGE_BYTES} bytes",
                ExitCode.USAGE,
                next_step="Save the picture smaller.",
            )
    return assets


def save(data: bytes, wanted: str, file_name: str) -> Path | None:
    """Write where OUT says: a folder takes `file_name`, `-` is standard output (returns None).

    Nobody ever sees half a file. CliError where it cannot be written.
    """
    if wanted == STANDARD:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return None
    path = Path(wanted)
    path = path / file_name if path.is_dir() else path
    try:
        _write_whole(path, data)
    except OSError as error:
        raise CliError(f"cannot write {path}: {error.strerror}", ExitCode.FAILURE) from error
    return path


def make_folder(path: Path) -> None:
    """Make a folder unless it is there. CliError where it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make the folder {path}: {error.strerror}"
        raise CliError(message, ExitCode.FAILURE) from error


def _write_whole(path: Path, data: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        # mkstemp makes private files; this one gets what any new file would.
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
