"""Hostile inputs, given to the compile program: how each ends, how long it takes, what it holds."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from compilejobs import serving
from hostileinputs import ATTACKS
from venture_artifact_compiler.failures import CompileError
from venture_artifact_compiler.job import read_task, run
from venture_artifact_compiler.settings import Settings
from venture_core.artifacts.deck.target import PPTX
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.jobcontract import CompileJobResult, JobGates, parse_result
from venture_core.artifacts.limits import ARTIFACT_MAX_BYTES, CONFIG_MAP_MAX_BYTES
from venture_core.artifacts.targets import UnsupportedTargetError, target_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from compilejobs import Store

WITHIN_MIB: Final = 768
"""What a Job's container has."""
WITHIN_SECONDS: Final = 120
"""Of a process on a busy machine, before it is ended; a build has 300."""
_MIB: Final = 1024
_CLEAR_PEAK: Final = "5"
_IMAGE: Final = "registry/compiler:1"


@dataclass(frozen=True, slots=True)
class Ended:
    """How one attack ended."""

    name: str
    target: str
    how: str
    """Stage, reason and message of a refusal, or what was built."""
    seconds: float
    """Of the processor."""
    peak_mib: int


async def together(names: list[str]) -> AsyncIterator[Ended]:
    """Run attacks one after the other in this process, by what the program runs."""
    with serving() as store, tempfile.TemporaryDirectory() as place:
        for number, name in enumerate(names):
            folder = Path(place, str(number))
            target = _order(store, folder, name)
            _forget_peak()
            began = time.process_time()
            try:
                result = await run(read_task(folder), _settings(folder))
            except CompileError as failure:
                result = CompileJobResult(error=failure.error)
            took = time.process_time() - began
            yield Ended(name, target, told(result), took, _peak(os.getpid()))


def alone(names: list[str]) -> Iterator[Ended]:
    """Run each attack in a process of its own, as a Job does."""
    with serving() as store, tempfile.TemporaryDirectory() as place:
        for number, name in enumerate(names):
            folder = Path(place, str(number))
            target = _order(store, folder, name)
            yield _process(name, target, folder)


def told(result: CompileJobResult) -> str:
    """Say in a line what a result says."""
    if result.artifact is not None:
        return f"built: {result.artifact.media_type}, {result.artifact.size_bytes} bytes"
    error = result.error
    assert error is not None
    return f"{error.stage} {error.reason}: {error.message}"


def _process(name: str, target: str, folder: Path) -> Ended:
    settings = _settings(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "venture_artifact_compiler"],
        stdout=subprocess.DEVNULL,
        env={
            **os.environ,
            "VENTURE_INPUT_FOLDER": str(settings.input_folder),
            "VENTURE_TERMINATION_LOG": str(settings.termination_log),
        },
    )
    peak, deadline = 0, time.monotonic() + WITHIN_SECONDS
    while True:
        with suppress(OSError):
            peak = max(peak, _peak(process.pid))
        ended, _, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline:
            process.kill()
        time.sleep(0.01)
    # Popen would wait for what is gone.
    process.returncode = 0
    message = settings.termination_log.read_text()
    how = told(parse_result(message)) if message else "ended without a word"
    return Ended(name, target, how, used.ru_utime + used.ru_stime, peak)


def _forget_peak() -> None:
    """Have the kernel count this process's memory from here on."""
    Path("/proc/self/clear_refs").write_text(_CLEAR_PEAK)


def _peak(process: int) -> int:
    """Return the most memory that a process has held, in MiB; 0 where it holds none any more."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // _MIB
    return 0


def _settings(folder: Path) -> Settings:
    return Settings(input_folder=folder, termination_log=folder / "termination-log")


def _order(store: Store, folder: Path, name: str) -> str:
    """Put an attack where a Job looks for its input; return its target."""
    content, target, assets = ATTACKS[name]()
    document = content if isinstance(content, bytes) else json.dumps(content).encode()
    folder.mkdir()
    request = {
        "target": target,
        "gates": JobGates.from_settings(GateSettings()).model_dump(by_alias=True),
        "upload": {"url": store.url("artifact"), "fields": {}},
        "thumbnail": {"url": store.url("thumbnail"), "fields": {}},
        "toolchain": _toolchain(document, target),
        "maxArtifactBytes": ARTIFACT_MAX_BYTES,
        "assets": [_asset(store, each, data) for each, data in assets.items()],
    }
    if len(document) > CONFIG_MAP_MAX_BYTES:
        store.objects["document"] = document
        request["irUrl"] = store.url("document")
    else:
        (folder / "ir.json").write_bytes(document)
    (folder / "request.json").write_text(json.dumps(request))
    (folder / "termination-log").touch()
    return target


def _asset(store: Store, name: str, data: bytes) -> dict[str, str]:
    store.objects[name] = data
    return {"name": name, "url": store.url(name), "sha256": hashlib.sha256(data).hexdigest()}


def _toolchain(document: bytes, target: str) -> str:
    """Return the toolchain that is asked for; of what is no document, any."""
    try:
        kind = json.loads(document)["kind"]
        return target_for(target, kind).toolchain_for(kind).id_on(_IMAGE)
    except ValueError, KeyError, RecursionError, UnsupportedTargetError:
        return PPTX.toolchain.id
