"""The operator as its own process, as a kill can end it."""

import asyncio
import json
import os
import secrets
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from surroundings import free_port
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr
    from venture_core.objectstore import S3Settings


class OperatorProcess:
    """One replica, configured for a test's namespace and bucket."""

    def __init__(
        self,
        *,
        kubeconfig: Path,
        namespace: str,
        s3: S3Settings,
        signing_key: Path,
        log: Path,
        work_namespace: str,
        database: SecretStr,
        watched: Sequence[str] = (),
        resync_seconds: int = 2,
        **more: str,
    ) -> None:
        """Configure it; `more` are further settings, in the operator's own names."""
        self._port = free_port()
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        # Nothing of the machine's environment but where programs are, and coverage's own settings.
        inherited = {key: value for key, value in os.environ.items() if key.startswith("COVERAGE_")}
        self._environment = inherited | {
            "PATH": os.environ["PATH"],
            "KUBECONFIG": str(kubeconfig),
            "VENTURE_NAMESPACE": namespace,
            "VENTURE_POD_NAME": f"operator-{secrets.token_hex(3)}",
            "VENTURE_WATCH_NAMESPACES": json.dumps([*(watched or [namespace])]),
            "VENTURE_LEASE_NAME": "venture",
            "VENTURE_WORK_NAMESPACE": work_namespace,
            "VENTURE_COMPILER_IMAGE": "localhost/venture-artifact-compiler:test",
            "VENTURE_COMPILER_RESOURCES": json.dumps({"limits": {"memory": "256Mi", "cpu": "1"}}),
            "VENTURE_S3_ENDPOINT": s3.endpoint,
            "VENTURE_S3_REGION": s3.region,
            "VENTURE_S3_BUCKET": s3.bucket,
            "VENTURE_S3_ACCESS_KEY_ID": s3.access_key_id,
            "VENTURE_S3_SECRET_ACCESS_KEY": s3.secret_access_key.get_secret_value(),
            "VENTURE_SIGNING_KEY_FILE": str(signing_key),
            "VENTURE_SIGNING_KEYS_CONFIGMAP": "venture-signing-keys",
            "VENTURE_POSTGRES_URL": database.get_secret_value(),
            "VENTURE_HTTP_PORT": str(self._port),
            "VENTURE_RESYNC_SECONDS": str(resync_seconds),
        }
        self.change(**more)

    def change(self, **settings: str) -> None:
        """Have the next start find other settings, by the operator's own names."""
        self._environment |= {f"VENTURE_{name.upper()}": value for name, value in settings.items()}

    async def start(self) -> None:
        """Start the process; it may stand by for the Lease for a while."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "venture_operator",
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def memory(self) -> int:
        """Return the bytes of memory that the process holds now."""
        return self._proc_status("VmRSS")

    def peak_memory(self) -> int:
        """Return the most bytes of memory that the process has held."""
        return self._proc_status("VmHWM")

    def cpu_seconds(self) -> float:
        """Return the seconds of processor time that the process has taken."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def _proc_status(self, field: str) -> int:
        assert self._process is not None
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0]) * 1024
        raise AssertionError(f"/proc has no {field}")

    async def wait(self) -> int:
        """Wait until the process ends by itself; return its exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def kill(self) -> None:
        """End the process the way a crash would."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def terminate(self) -> int:
        """Ask the process to end; return its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), timeout=30)

    async def get(self, path: str) -> tuple[int, str]:
        """Ask the process's HTTP port; return status and text."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(aiohttp.ClientConnectionError),
            wait=wait_fixed(0.1),
            stop=stop_after_delay(20),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                url = f"http://127.0.0.1:{self._port}{path}"
                async with aiohttp.ClientSession() as session, session.get(url) as response:
                    return response.status, await response.text()
        raise AssertionError("tenacity either returns or raises")
