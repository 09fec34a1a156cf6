"""What an example of `examples/artifacts` becomes in another process, place and time zone."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from artifactexamples import example

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ELSEWHERE = {
    "PYTHONHASHSEED": "4711",
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
}
_RENDER = """
import sys
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
ir = parse_ir(sys.stdin.buffer.read())
print(compile_artifact(ir=ir, assets={}, gates=GateSettings(), target=sys.argv[1]).sha256)
"""


def digest_elsewhere(name: str, folder: Path, environment: Mapping[str, str] = _ELSEWHERE) -> str:
    """Return the SHA-256 of an example that is compiled there, in a folder of its own."""
    chosen = example(name)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-c", _RENDER, chosen.target],
        input=chosen.document,
        stdout=subprocess.PIPE,
        env={**clean, **environment},
        cwd=folder,
        check=True,
    )
    return done.stdout.decode().strip()
