"""The record's own processes, as a release runs them, to be started and killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from surroundings import free_port

if TYPE_CHECKING:
    from pydantic import SecretStr
    from venture_core.objectstore import S3Settings

ORIGIN = "processes.example.com/record"


class RecordProcess:
    """One process, started from the environment's entry points."""

    def __init__(
        self,
        program: str,
        folder: Path,
        settings: dict[str, str],
        *,
        arguments: tuple[str, ...] = (),
        programs: Path | None = None,
    ) -> None:
        """Prepare it; `programs` is where another environment has them."""
        self.port = free_port()
        found = (programs or Path(sys.executable).parent) / program
        self._command = [str(found), *arguments]
        self._log = folder / f"{settings['VENTURE_POD_NAME']}.log"
        self._settings = {**settings, "VENTURE_HTTP_PORT": str(self.port)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it may take a while to be of use."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env={**os.environ, **self._settings}, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """SIGKILL it."""
        process = self._running()
        process.kill()
        process.wait(timeout=10)

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        process = self._running()
        process.terminate()
        return process.wait(timeout=20)

    def cpu_seconds(self) -> float:
        """Return how much of the processor it has taken so far."""
        stat = Path(f"/proc/{self._running().pid}/stat").read_text()
        # utime and stime; the name before them may hold anything but a closing bracket at the end.
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def log(self) -> str:
        """Return what it has written."""
        return self._log.read_text()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the process was never started")
        return self._process


def write_key(folder: Path) -> tuple[Path, Ed25519PrivateKey]:
    """Write a new signing key as a Secret would mount it."""
    key = Ed25519PrivateKey.generate()
    path = folder / "checkpoint-key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path, key


def s3_variables(bucket: S3Settings) -> dict[str, str]:
    """Return the settings that point a process at a bucket."""
    key_id, secret = bucket.access_key_id, bucket.secret_access_key
    if key_id is None or secret is None:
        raise ValueError("the tests' bucket has a key")
    return {
        "VENTURE_S3_ENDPOINT": bucket.endpoint,
        "VENTURE_S3_REGION": bucket.region,
        "VENTURE_S3_BUCKET": bucket.bucket,
        "VENTURE_S3_ACCESS_KEY_ID": key_id,
        "VENTURE_S3_SECRET_ACCESS_KEY": secret.get_secret_value(),
    }


def record_processes(
    folder: Path,
    *,
    database: SecretStr,
    broker: SecretStr,
    bucket: S3Settings,
    key: Path,
    suffix: str = "0",
    stream_bytes: int = 1024**3,
) -> dict[str, RecordProcess]:
    """Prepare a sequencer, a relay and a projector, none of them started."""
    common = {
        "VENTURE_POSTGRES_URL": database.get_secret_value(),
        "VENTURE_NATS_URL": broker.get_secret_value(),
        "VENTURE_NATS_STREAM_REPLICAS": "1",
        "VENTURE_NATS_STREAM_MAX_BYTES": str(stream_bytes),
        "VENTURE_CHECKPOINT_ORIGIN": ORIGIN,
        "VENTURE_CHECKPOINT_KEY_FILE": str(key),
        **s3_variables(bucket),
    }
    programs = ("venture-sequencer", "venture-event-relay", "venture-projector")
    return {
        program: RecordProcess(
            program, folder, {**common, "VENTURE_POD_NAME": f"{program}-{suffix}"}
        )
        for program in programs
    }
