"""Upload a file as a program would, and print how many bytes of memory that took at most.

Usage: bigupload.py SETTINGS FILE, with the secret key on standard input.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr
from venture_core.objectstore import ObjectStore, S3Settings


def most_memory() -> int:
    """Return the most memory that this process ever had, in bytes."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


async def main() -> None:
    """Upload and print."""
    settings = S3Settings.model_validate_json(sys.argv[1]).model_copy(
        update={"secret_access_key": SecretStr(sys.stdin.read())}
    )
    store = ObjectStore(settings)
    await store.put("warm", b"", media_type="text/plain")
    before = most_memory()
    await store.put_file("big", Path(sys.argv[2]), media_type="application/x-tar")
    sys.stdout.write(str(most_memory() - before))


if __name__ == "__main__":
    asyncio.run(main())
