"""From a build's source to what its cache key and its Job need."""

import asyncio
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.bucket import input_key
from venture_core.artifacts.cachekey import cache_key
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.ir import MAX_IR_BYTES, InvalidIRError, check_assets
from venture_core.artifacts.ir.brand import branded, parse_brand
from venture_core.artifacts.limits import CONFIG_MAP_MAX_BYTES, INLINE_MAX_BYTES
from venture_core.artifacts.targets import UnsupportedTargetError, target_for
from venture_core.artifacts.warming import is_warm
from venture_core.canonical import CanonicalJsonError, canonical_json, sha256_hex
from venture_core.objectstore import ObjectNotFoundError, ObjectTooLargeError
from venture_crds.v1alpha1.artifactbuild import BuildReason

from venture_operator.errors import StalledError, TransientError, WaitingError
from venture_operator.kinds.artifactbuild.plans import Prepared, bundle_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.target import JobImage
    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, GateSwitches, ObjectRef, ThemeRef

    from venture_operator.kinds.artifactbuild.bucket import Bucket
    from venture_operator.storage.configmaps import ConfigMaps
    from venture_operator.storage.objects import Objects

DOCUMENTS_AT_ONCE: Final = 4
"""How many documents, of at most 1 MiB each, are read and checked at the same time."""
PROBLEMS_SHOWN: Final = 5
LOOK_AGAIN_SECONDS: Final = 10


def gate_settings(switches: GateSwitches) -> GateSettings:
    """Return the switches as the compiler takes them."""
    return GateSettings(**switches.model_dump())


class SourceReader:
    """Reads documents from wherever a build says they are. It keeps none.

    `images` are those of compile Jobs: native programs in them decide the bytes of some targets.
    """

    def __init__(
        self,
        builds: Objects,
        config_maps: ConfigMaps,
        bucket: Bucket,
        *,
        images: Mapping[JobImage, str],
    ) -> None:
        self._builds = builds
        self._config_maps = config_maps
        self._bucket = bucket
        self._images = images
        self._room = asyncio.Semaphore(DOCUMENTS_AT_ONCE)

    async def prepare(self, build: ArtifactBuild) -> Prepared:
        """Read and check the document and compute its cache key.

        Raises StalledError for a document that no retry can mend, with JSON pointers and what was
        expected there; WaitingError for one that is not there yet.
        """
        async with self._room:
            document = await self._read(build)
            if build.spec.theme is not None:
                document = await self._themed(build, build.spec.theme, document)
            # A large document takes tens of milliseconds: too long for the event loop.
            return await asyncio.to_thread(_check, build, document, self._images)

    async def _read(self, build: ArtifactBuild) -> bytes:
        source, namespace = build.spec.source, build.metadata.namespace
        if source.config_map_ref is not None:
            reference = source.config_map_ref
            return await self._from_config_map(namespace, reference.name, reference.key)
        if source.object_ref is not None:
            return await self._from_object(namespace, source.object_ref)
        if source.inline is not None:
            return await self._from_object_itself(build)
        raise StalledError(BuildReason.INVALID_SOURCE, "spec.source sets none of its fields")

    async def _from_object_itself(self, build: ArtifactBuild) -> bytes:
        """Read the document in the build's own spec, of which only a stub is kept in memory."""
        metadata = build.metadata
        body = await self._builds.get(metadata.namespace, metadata.name)
        if body is None or body["metadata"]["uid"] != metadata.uid:
            raise TransientError(BuildReason.SOURCE_NOT_FOUND, "the build is gone")
        if (spec := body.get("spec")) is None:
            message = "the build is too large to be read: use configMapRef or objectRef"
            raise StalledError(BuildReason.SOURCE_TOO_LARGE, message)
        return await asyncio.to_thread(_inline, spec["source"]["inline"])

    async def _from_config_map(self, namespace: str, name: str, key: str) -> bytes:
        try:
            data = await self._config_maps.read(namespace, name, key)
        except ValueError as error:
            raise StalledError(BuildReason.INVALID_SOURCE, f"ConfigMap {name}: {error}") from error
        if data is None:
            message = f"there is no ConfigMap {name} with the key {key} in {namespace} yet"
            raise WaitingError(
                BuildReason.SOURCE_NOT_FOUND, message, after_seconds=LOOK_AGAIN_SECONDS
            )
        _require_size(data, CONFIG_MAP_MAX_BYTES, "put it into S3 and use objectRef")
        return data

    async def _themed(self, build: ArtifactBuild, theme: ThemeRef, document: bytes) -> bytes:
        """Lay the theme under the document. What it is then is what is compiled and signed for."""
        reference, namespace = theme.config_map_ref, build.metadata.namespace
        try:
            data = await self._config_maps.read(namespace, reference.name, reference.key)
        except ValueError as error:
            message = f"ConfigMap {reference.name}: {error}"
            raise StalledError(BuildReason.INVALID_THEME, message) from error
        if data is None:
            message = f"there is no ConfigMap {reference.name} with the key {reference.key} yet"
            raise WaitingError(
                BuildReason.THEME_NOT_FOUND, message, after_seconds=LOOK_AGAIN_SECONDS
            )
        themed = await asyncio.to_thread(_themed, document, data)
        # The Job is given it: what it could fetch is the document without the theme.
        _require_size(themed, CONFIG_MAP_MAX_BYTES, "with a theme no more fit")
        return themed

    async def _from_object(self, namespace: str, reference: ObjectRef) -> bytes:
        where = input_key(namespace, reference.key)
        try:
            data = await self._bucket.read_input(namespace, reference.key, max_bytes=MAX_IR_BYTES)
        except ObjectNotFoundError as error:
            message = f"there is no object {where} in the bucket yet"
            raise WaitingError(
                BuildReason.SOURCE_NOT_FOUND, message, after_seconds=LOOK_AGAIN_SECONDS
            ) from error
        except ObjectTooLargeError as error:
            raise StalledError(BuildReason.SOURCE_TOO_LARGE, str(error)) from error
        if (found := sha256_hex(data)) != reference.sha256:
            message = f"{where} is sha256:{found}, spec.source asks for sha256:{reference.sha256}"
            raise StalledError(BuildReason.SOURCE_DIGEST_MISMATCH, message)
        return data


def _themed(document: bytes, theme: bytes) -> bytes:
    try:
        brand = parse_brand(theme)
    except InvalidIRError as error:
        raise StalledError(BuildReason.INVALID_THEME, _describe(error)) from error
    try:
        return branded(document, brand)
    except InvalidIRError as error:
        raise StalledError(BuildReason.INVALID_DOCUMENT, _describe(error)) from error


def _inline(inline: Mapping[str, object]) -> bytes:
    try:
        data = canonical_json(inline)
    except CanonicalJsonError as error:
        raise StalledError(BuildReason.INVALID_DOCUMENT, f"spec.source.inline: {error}") from error
    _require_size(data, INLINE_MAX_BYTES, "use configMapRef or objectRef")
    return data


def _require_size(data: bytes, max_bytes: int, instead: str) -> None:
    if len(data) > max_bytes:
        message = f"the document has {len(data)} bytes, {max_bytes} are allowed here: {instead}"
        raise StalledError(BuildReason.SOURCE_TOO_LARGE, message)


def _check(build: ArtifactBuild, document: bytes, images: Mapping[JobImage, str]) -> Prepared:
    assets = {asset.name: asset.object_ref.sha256 for asset in build.spec.assets}
    try:
        spec = parse_ir(document)
        check_assets(spec, assets)
        target = target_for(build.spec.target, spec.kind)
    except InvalidIRError as error:
        raise StalledError(BuildReason.INVALID_DOCUMENT, _describe(error)) from error
    except UnsupportedTargetError as error:
        raise StalledError(BuildReason.UNSUPPORTED_TARGET, str(error)) from error
    if target.image not in images:
        message = (
            f"this installation makes no {target.name}: whoever runs it sets "
            f"compiler.{target.image}.enabled of the chart; then ask again with spec.retry"
        )
        raise StalledError(BuildReason.UNSUPPORTED_TARGET, message)
    toolchain = target.toolchain_for(spec.kind).id_on(images[target.image])
    key = cache_key(
        ir=spec,
        assets=assets,
        gates=gate_settings(build.spec.gates),
        target=target.name,
        toolchain=toolchain,
        bundle_hash=bundle_of(build),
    )
    return Prepared(
        cache_key=key,
        sha256=sha256_hex(document),
        document=document,
        toolchain=toolchain,
        warm=is_warm(target, spec.kind),
    )


def _describe(error: InvalidIRError) -> str:
    shown = [
        f"{each.pointer or 'the document'}: {each.message}; expected {each.expected}"
        for each in error.problems[:PROBLEMS_SHOWN]
    ]
    more = len(error.problems) - len(shown)
    return " · ".join(shown) + (f" · and {more} more" if more else "")
