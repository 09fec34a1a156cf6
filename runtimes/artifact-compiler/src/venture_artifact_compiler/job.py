"""One compile, from the request in the input folder to the result."""

import asyncio
import resource
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import ValidationError
from venture_core.artifacts.compile import CompiledArtifact, compile_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateFailedError
from venture_core.artifacts.images import MAX_IMAGE_BYTES, InvalidAssetError
from venture_core.artifacts.ir import MAX_IR_BYTES, Document, InvalidIRError
from venture_core.artifacts.jobcontract import (
    IR_FILE,
    REQUEST_FILE,
    CompileJobInput,
    CompileJobResult,
    JobArtifact,
    JobAsset,
    JobGateResult,
    JobThumbnail,
    Stage,
    parse_input,
)
from venture_core.artifacts.layouts import LayoutError
from venture_core.artifacts.native import MissingLibraryError
from venture_core.artifacts.targets import UnsupportedTargetError, target_for
from venture_core.artifacts.toolchain import ToolchainMismatchError
from venture_core.canonical import sha256_hex

from venture_artifact_compiler.failures import CompileError, TransientCompileError
from venture_artifact_compiler.transfer import (
    DigestMismatchError,
    InterruptedTransferError,
    MissingObjectError,
    TooLargeError,
    TransferError,
    Transfers,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from venture_artifact_compiler.settings import Settings

log = structlog.get_logger(__name__)

MAX_REQUEST_BYTES: Final = 1024 * 1024
MAX_ASSETS_BYTES: Final = 64 * 1024 * 1024
"""All assets of a document together: they are held in memory."""
DOWNLOADS_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Task:
    """One build: what is asked for and, unless that is to be fetched, the document."""

    request: CompileJobInput
    document: bytes | None = field(default=None, repr=False)


def read_task(folder: Path) -> Task:
    """Read the task in the input folder. Raises `CompileError`."""
    request = read_message(folder / REQUEST_FILE, MAX_REQUEST_BYTES, parse_input)
    if request.ir_url is not None:
        return Task(request)
    return Task(request, _read(folder / IR_FILE, MAX_IR_BYTES))


def read_message[M](path: Path, limit: int, parse: Callable[[bytes], M]) -> M:
    """Read a message of the operator's, at most `limit` bytes. Raises `CompileError`."""
    return understood(path.name, _read(path, limit), parse)


def understood[M](what: str, data: bytes, parse: Callable[[bytes], M]) -> M:
    """Return a message of the operator's. Raises `CompileError` where it breaks the contract."""
    try:
        return parse(data)
    except ValidationError as error:
        raise CompileError(
            Stage.VALIDATE,
            "InvalidRequest",
            f"{what} breaks the contract: {error.error_count()} errors, the first "
            f"{error.errors(include_input=False)[0]['msg']}",
        ) from None


async def run(task: Task, settings: Settings) -> CompileJobResult:
    """Do the whole Job. Raises `CompileError` with what the operator shall hear."""
    request = task.request
    log.info("started", target=request.target, assets=len(request.assets))
    async with Transfers.opened(settings.transfer_seconds, request.authorities) as transfers:
        document = await _document(task, transfers)
        ir = _parse(document)
        _check_toolchain(request, ir.kind)
        assets = await _fetch_assets(request.assets, transfers)
        started = time.monotonic()
        artifact = await asyncio.to_thread(_compile, request, ir, assets)
        log.info(
            "compiled",
            kind=ir.kind,
            sha256=artifact.sha256,
            size_bytes=len(artifact.data),
            seconds=round(time.monotonic() - started, 3),
        )
        await _export(request, artifact, transfers)
        thumbnail = await _export_thumbnail(request, artifact.thumbnail, transfers)
    log.info("uploaded", sha256=artifact.sha256, peak_memory_mib=peak_memory_mib())
    return CompileJobResult(
        artifact=JobArtifact(
            sha256=artifact.sha256,
            size_bytes=len(artifact.data),
            media_type=artifact.media_type,
        ),
        thumbnail=thumbnail,
        gates=tuple(JobGateResult.from_result(result) for result in artifact.gates),
        toolchain=request.toolchain,
    )


def peak_memory_mib() -> int:
    """Return the most memory that this process has held: its limit has to be above."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _read(path: Path, limit: int) -> bytes:
    """Read an input file, at most `limit` bytes."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise CompileError(
            Stage.VALIDATE, "MissingInput", f"{path.name} cannot be read: {error.strerror}"
        ) from error
    if len(data) > limit:
        raise CompileError(
            Stage.VALIDATE, "InputTooLarge", f"{path.name} has more than {limit} bytes"
        )
    return data


def _check_toolchain(request: CompileJobInput, kind: str) -> None:
    """Refuse to make bytes under the cache key of another toolchain."""
    try:
        toolchain = target_for(request.target, kind).toolchain_for(kind)
    except UnsupportedTargetError as error:
        raise CompileError(Stage.VALIDATE, "UnsupportedTarget", str(error)) from error
    if not toolchain.made(request.toolchain):
        raise CompileError(
            Stage.VALIDATE,
            "ToolchainMismatch",
            f"the request asks for {request.toolchain}; this image has {toolchain.id}",
        )
    try:
        toolchain.verify_installed()
    except (ToolchainMismatchError, MissingLibraryError) as error:
        raise CompileError(Stage.VALIDATE, "ToolchainMismatch", str(error)) from error


async def _document(task: Task, transfers: Transfers) -> bytes:
    request, document = task.request, task.document
    if request.ir_url is not None:
        return await _fetch("document", request.ir_url, MAX_IR_BYTES, request.ir_sha256, transfers)
    if document is None:
        raise CompileError(Stage.VALIDATE, "MissingInput", "there is no document")
    if request.ir_sha256 is not None and sha256_hex(document) != request.ir_sha256:
        raise CompileError(
            Stage.VALIDATE, "DigestMismatch", f"{IR_FILE} is not the document asked for"
        )
    return document


async def _fetch(
    what: str, url: str, limit: int, sha256: str | None, transfers: Transfers
) -> bytes:
    """Download one input, and put into words what went wrong."""
    try:
        return await transfers.download(url, limit=limit, sha256=sha256)
    except InterruptedTransferError as error:
        raise TransientCompileError(Stage.VALIDATE, "DownloadFailed", f"{what}: {error}") from error
    except TransferError as error:
        match error:
            case MissingObjectError():
                reason = "InputNotFound"
            case TooLargeError():
                reason = "InputTooLarge"
            case DigestMismatchError():
                reason = "DigestMismatch"
            case _:
                reason = "DownloadRefused"
        raise CompileError(Stage.VALIDATE, reason, f"{what}: {error}") from error


async def _fetch_assets(wanted: tuple[JobAsset, ...], transfers: Transfers) -> dict[str, bytes]:
    """Download all assets, a few at once; the first failure ends the others."""
    slots = asyncio.Semaphore(DOWNLOADS_AT_ONCE)
    assets: dict[str, bytes] = {}

    async def fetch(asset: JobAsset) -> None:
        async with slots:
            limit = min(MAX_IMAGE_BYTES, MAX_ASSETS_BYTES - sum(map(len, assets.values())))
            assets[asset.name] = await _fetch(
                f"asset {asset.name}", asset.url, limit, asset.sha256, transfers
            )

    try:
        async with asyncio.TaskGroup() as group:
            for asset in wanted:
                group.create_task(fetch(asset))
    except* CompileError as failures:
        raise _first(failures) from None
    if sum(map(len, assets.values())) > MAX_ASSETS_BYTES:
        raise CompileError(
            Stage.VALIDATE,
            "InputTooLarge",
            f"the assets have more than {MAX_ASSETS_BYTES} bytes together",
        )
    return assets


def _first(failures: BaseExceptionGroup[CompileError]) -> CompileError:
    """Pick the failure to report: the first that trying again cannot mend, if there is one."""
    leaves = [leaf for leaf in failures.exceptions if isinstance(leaf, CompileError)]
    return next((leaf for leaf in leaves if not isinstance(leaf, TransientCompileError)), leaves[0])


def _parse(document: bytes) -> Document:
    try:
        return parse_ir(document)
    except InvalidIRError as error:
        raise _invalid_ir(error) from error


def _invalid_ir(error: InvalidIRError) -> CompileError:
    sentences = [
        f"{problem.pointer or 'the document'}: {problem.message}; expected {problem.expected}"
        for problem in error.problems
    ]
    return CompileError(
        Stage.VALIDATE,
        "InvalidIR",
        " | ".join(sentences),
        pointer=error.problems[0].pointer,
    )


def _compile(request: CompileJobInput, ir: Document, assets: dict[str, bytes]) -> CompiledArtifact:
    """Compile, and put into words what went wrong."""
    try:
        return compile_artifact(
            ir=ir,
            assets=assets,
            gates=request.gates.settings(),
            target=request.target,
            thumbnail=request.thumbnail is not None,
        )
    except InvalidIRError as error:
        raise _invalid_ir(error) from error
    except LayoutError as error:
        raise CompileError(Stage.PLAN, "InvalidIR", f"the document: {error}") from error
    except UnsupportedTargetError as error:
        raise CompileError(Stage.VALIDATE, "UnsupportedTarget", str(error)) from error
    except InvalidAssetError as error:
        uses = [at for at, name in ir.asset_references() if name == error.asset]
        raise CompileError(Stage.PLAN, "InvalidAsset", str(error), pointer=uses[0]) from error
    except GateFailedError as error:
        gates = tuple(JobGateResult.from_result(result) for result in error.results)
        raise CompileError(Stage.GATE, "GateFailed", str(error), gates=gates) from error


async def _export(
    request: CompileJobInput, artifact: CompiledArtifact, transfers: Transfers
) -> None:
    size = len(artifact.data)
    if size > request.max_artifact_bytes:
        raise CompileError(
            Stage.EXPORT,
            "ArtifactTooLarge",
            f"the artifact has {size} bytes; at most {request.max_artifact_bytes} are allowed",
        )
    try:
        await transfers.upload(request.upload, artifact.data, artifact.media_type)
    except InterruptedTransferError as error:
        raise TransientCompileError(Stage.EXPORT, "UploadFailed", str(error)) from error
    except TransferError as error:
        raise CompileError(Stage.EXPORT, "UploadRefused", str(error)) from error


async def _export_thumbnail(
    request: CompileJobInput, thumbnail: bytes | None, transfers: Transfers
) -> JobThumbnail | None:
    """Upload the small picture. An artifact without one is an artifact all the same."""
    if thumbnail is None or request.thumbnail is None:
        return None
    try:
        await transfers.upload(request.thumbnail, thumbnail, "image/png")
    except TransferError as error:
        log.warning("thumbnail_lost", error=str(error))
        return None
    return JobThumbnail(sha256=sha256_hex(thumbnail), size_bytes=len(thumbnail))
