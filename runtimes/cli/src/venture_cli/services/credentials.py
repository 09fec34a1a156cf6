"""Where a founder's sign-in is kept: one file that nobody else may read."""

import json
import os
import stat
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

from venture_cli.domain.signedin import SignedIn
from venture_cli.errors import CliError, ExitCode

MAX_BYTES: Final = 64 * 1024
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def path() -> Path:
    """Return where the file is, whether it is there or not."""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(configured) if configured else Path.home() / ".config"
    return folder / "venture" / "credentials.json"


def load() -> SignedIn | None:
    """Return who is signed in, None where nobody is. CliError where the file cannot be trusted."""
    file = path()
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            data = opened.read(MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CliError(f"cannot read {file}: {error.strerror}") from error
    if mode & _OTHERS:
        raise CliError(
            f"others may read {file}, which holds a token",
            ExitCode.DENIED,
            next_step=f"Do: chmod 600 {file}, or sign in again: venture login",
        )
    try:
        values = json.loads(data)
        values["expires_at"] = datetime.fromisoformat(values["expires_at"])
        return SignedIn(**values)
    except (ValueError, TypeError, KeyError) as error:
        raise CliError(
            f"{file} is damaged", next_step="Sign in again: venture logout, then venture login."
        ) from error


def save(signed_in: SignedIn) -> None:
    """Write the file in place of the one before; it is never there in parts."""
    file = path()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made with the mode 0600.
    descriptor, made = tempfile.mkstemp(dir=file.parent, prefix=".credentials-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump(signed_in.values(), opened)
        Path(made).replace(file)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def remove() -> None:
    """Forget who was signed in."""
    path().unlink(missing_ok=True)
