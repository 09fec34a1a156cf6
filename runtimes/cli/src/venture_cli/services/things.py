"""What people name to look at it: a build of the cluster, a document, or a file that was made."""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from venture_core.canonical import sha256_hex
from venture_core.kubernetes.errors import ForbiddenError, NotFoundError
from venture_core.kubernetes.resources import CONFIG_MAPS

from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.documents import Manifest, Source, document_bytes, read_source
from venture_cli.domain.names import name_from_file
from venture_cli.domain.outcome import parse_build
from venture_cli.domain.standing import State, standing
from venture_cli.errors import CliError, ExitCode
from venture_cli.services.files import is_file, read_artifact
from venture_cli.services.objects import get_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, ConfigMapRef

    from venture_cli.services.session import Session

type Body = dict[str, Any]

_MADE = (b"%PDF-", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"<svg", b"<?xml")
"""How files that we make begin, and no document does."""
_AVIF = slice(4, 12), b"ftypavif"


@dataclass(frozen=True, slots=True)
class Thing:
    """One of them. A build has a body, a document has a source, and a file has bytes."""

    said: str
    """As it was named."""
    name: str
    """What files about it are called."""
    body: Body | None = None
    source: Source | None = None
    """Of a build, too, where its document can be read."""
    data: bytes | None = None
    unread: str = ""
    """Why the document of a build cannot be read, as the end of a sentence."""

    @property
    def build(self) -> ArtifactBuild | None:
        """The build, where it is one."""
        return None if self.body is None else parse_build(self.body)

    @property
    def is_ready(self) -> bool:
        """Whether a build has an artifact."""
        return self.body is not None and standing(self.body).state is State.READY


async def find(session: Session, said: str, parse_name: Callable[[str], str]) -> Thing:
    """Return what `said` names: a file that exists, else a build."""
    if is_file(said):
        return _from_file(said)
    client, namespace = await session.place()
    body = await get_object(client, ARTIFACT, namespace, parse_name(said))
    name = body["metadata"]["name"]
    try:
        return Thing(said, name, body=body, source=await _document(session, body))
    except _UnreadError as error:
        return Thing(said, name, body=body, unread=str(error))


def _from_file(said: str) -> Thing:
    data = read_artifact(Path(said))
    name = name_from_file(said) or "artifact"
    place, mark = _AVIF
    if data.lstrip().startswith(_MADE) or data[place] == mark:
        return Thing(said, name, data=data)
    return Thing(said, name, source=read_source(data, said))


class _UnreadError(Exception):
    """The document of a build cannot be read from here."""


async def _document(session: Session, body: Body) -> Source:
    """Return the document of a build, the very one that it was built from."""
    build = parse_build(body)
    source, where = build.spec.source, f"ArtifactBuild {build.metadata.name}"
    if source.object_ref is not None:
        raise _UnreadError("it is in the object store, which gives it to builds only")
    if source.config_map_ref is not None:
        where = f"ConfigMap {source.config_map_ref.name}"
        data = await _from_config_map(session, body, source.config_map_ref)
        ir = read_source(data, where).ir
    else:
        ir = source.inline
        data = b"" if ir is None else document_bytes(ir, where)
    found = Source(ir=ir, manifest=Manifest(body, build))
    if build.spec.theme is not None:
        reference = build.spec.theme.config_map_ref
        theme = await _from_config_map(session, body, reference)
        found = found.themed(theme, f"ConfigMap {reference.name}")
        data = document_bytes(found.ir or {}, where)
        where += " or its theme"
    if build.status.document_sha256 not in (None, sha256_hex(data)):
        raise _UnreadError(f"{where} has changed since the build")
    return found


async def _from_config_map(session: Session, body: Body, reference: ConfigMapRef) -> bytes:
    client, _ = await session.place()
    try:
        found = await client.get(CONFIG_MAPS, reference.name, body["metadata"]["namespace"])
    except (ForbiddenError, NotFoundError) as error:
        raise _UnreadError(f"ConfigMap {reference.name} cannot be read: {error}") from error
    held = found or {}
    text = held.get("data", {}).get(reference.key)
    if isinstance(text, str):
        return text.encode()
    try:
        return base64.b64decode(held.get("binaryData", {})[reference.key], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        what = f"there is no ConfigMap {reference.name} with the key {reference.key} any more"
        raise _UnreadError(what) from error


def unread_error(thing: Thing) -> CliError:
    """Return the error for what needs the document of a build."""
    return CliError(
        f"the document of {thing.said} cannot be read: {thing.unread}",
        ExitCode.NOT_FOUND,
        next_step="Name the file of the document instead.",
    )
