"""Compiling on this machine: the same code as the compile Job, hence the same bytes."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

from venture_core.artifacts.compile import CompiledArtifact, compile_artifact, draft_artifact
from venture_core.artifacts.gates import GateFailedError, GateSettings
from venture_core.artifacts.images import InvalidAssetError
from venture_core.artifacts.layouts import LayoutError
from venture_core.artifacts.native import MissingLibraryError
from venture_core.artifacts.targets import UnsupportedTargetError, target_for
from venture_core.artifacts.toolchain import ToolchainMismatchError
from venture_core.canonical import sha256_hex
from venture_crds.v1alpha1.artifactbuild import GateSwitches

from venture_cli.domain.documents import check_document
from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from venture_core.artifacts.ir import Document
    from venture_core.artifacts.target import Draft

    from venture_cli.domain.documents import Manifest, Source


def render(
    source: Source,
    assets: Mapping[str, bytes],
    *,
    target: str,
    skipped_gates: Collection[str],
    origin: str,
) -> CompiledArtifact:
    """Compile what FILE holds. CliError with each problem of the document, assets or gates."""
    ir = _document(source, assets, origin)
    gates = _gate_settings(source.manifest, skipped_gates)
    try:
        with _explained():
            _require_toolchain(target, ir.kind)
            return compile_artifact(ir=ir, assets=assets, gates=gates, target=target)
    except GateFailedError as error:
        raise _gates_failed(error, origin) from None


def draft(source: Source, assets: Mapping[str, bytes], *, target: str, origin: str) -> Draft:
    """Plan what FILE holds, whatever its gates would say. CliError as `render`."""
    ir = _document(source, assets, origin)
    with _explained():
        return draft_artifact(ir=ir, assets=assets, target=target)


def rendered(made: Draft) -> bytes:
    """Return the file of a draft. CliError as `render`."""
    with _explained():
        return made.render()


@contextmanager
def _explained() -> Iterator[None]:
    """Tell in sentences why nothing comes of a document."""
    try:
        yield
    except (InvalidAssetError, LayoutError, UnsupportedTargetError) as error:
        raise CliError(str(error), ExitCode.BUILD_FAILED) from error
    except MissingLibraryError as error:
        raise CliError(str(error)) from error


def _document(source: Source, assets: Mapping[str, bytes], origin: str) -> Document:
    _require_assets(source.pinned_assets(), assets)
    if source.lacks_theme:
        raise CliError(
            f"the theme of {origin} is in a ConfigMap of the cluster",
            ExitCode.USAGE,
            next_step="Give its file with --theme FILE.",
        )
    ir = check_document(source, assets.keys(), origin)
    if ir is None:
        raise CliError(
            f"{origin} refers to a document in the cluster, which cannot be read from here",
            ExitCode.USAGE,
            next_step="Render the document itself.",
        )
    return ir


def _require_toolchain(target: str, kind: str) -> None:
    try:
        target_for(target, kind).toolchain_for(kind).verify_installed()
    except ToolchainMismatchError as error:
        raise CliError(
            f"the renderer here is not the Job's, so the bytes would differ: {error}",
            next_step="Install venture-cli anew, with the versions it pins.",
        ) from error


def _require_assets(pinned: Mapping[str, str], given: Mapping[str, bytes]) -> None:
    """Raise CliError unless each asset that a manifest pins was given with the bytes it pins."""
    for name, sha256 in pinned.items():
        if name not in given:
            raise CliError(
                f"the manifest's asset {name} is in the cluster's object store",
                ExitCode.USAGE,
                next_step=f"Give its file with --asset {name}=PATH.",
            )
        if (found := sha256_hex(given[name])) != sha256:
            raise CliError(
                f"asset {name} is sha256:{found}, the manifest asks for sha256:{sha256}",
                ExitCode.BUILD_FAILED,
            )


def _gate_settings(manifest: Manifest | None, skipped: Collection[str]) -> GateSettings:
    switches = GateSwitches() if manifest is None else manifest.build.spec.gates
    on = switches.to_json() | dict.fromkeys(skipped, False)
    return GateSettings(**GateSwitches.model_validate(on).model_dump())


def _gates_failed(error: GateFailedError, origin: str) -> CliError:
    failed = [result for result in error.results if not result.passed]
    lines = tuple(f"{result.name}: {each}" for result in failed for each in result.findings)
    names = ", ".join(result.name for result in failed)
    return CliError(
        f"{origin} does not pass {names}",
        ExitCode.BUILD_FAILED,
        details=lines,
        next_step="Mend these places, or leave a gate out with --skip-gate.",
    )
