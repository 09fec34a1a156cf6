"""The command line as its own process, with an environment of the test's making."""

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode()


class Venture:
    """Runs `venture` in a folder, against one cluster."""

    def __init__(self, folder: Path, kubeconfig: Path, **environment: str) -> None:
        # Nothing of the machine's environment but where programs are, and coverage's own settings.
        inherited = {key: value for key, value in os.environ.items() if key.startswith("COVERAGE_")}
        self.folder = folder
        self._environment = inherited | {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "KUBECONFIG": str(kubeconfig),
            **environment,
        }

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a command."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "venture_cli", *arguments),
            cwd=self.folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def __call__(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        return await finish(await self.start(*arguments))


async def finish(process: asyncio.subprocess.Process) -> Ended:
    """Wait for a command that was started."""
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out, err.decode())
