"""Venture's container images: named by their content, built once, loaded once.

Docker builds them where an engine answers; else buildah does, on a base made from Debian packages:
no container registry is needed.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import binaries
import debianroot
import dockerfile
import packages
from imagestore import ImageStore
from locking import exclusive
from paths import REPOSITORY, cache_dir
from progress import ClusterError, output, run, step

if TYPE_CHECKING:
    from containerd import Containerd

DOCKERFILES = {
    "venture": "operator/Dockerfile",
    "venture-artifact-compiler": "runtimes/artifact-compiler/Dockerfile",
    "venture-artifact-compiler-media": "runtimes/artifact-compiler/Dockerfile",
    "venture-agent-runtime": "runtimes/agent-runtime/Dockerfile",
    "venture-dev-postgres": "hack/images/postgres/Dockerfile",
    "venture-dev-nats": "hack/images/nats/Dockerfile",
    "venture-dev-valkey": "hack/images/valkey/Dockerfile",
    "venture-dev-versitygw": "hack/images/versitygw/Dockerfile",
}
# What a Dockerfile is told for one of its images.
_BUILD_ARGUMENTS = {
    "venture-artifact-compiler-media": ("NATIVE=libpangoft2-1.0-0 ffmpeg",),
}
# Large, and built only where they are named.
_ON_DEMAND = frozenset(_BUILD_ARGUMENTS)
# The image that holds a program compiled here.
_GATEWAY = "venture-dev-versitygw"
_NEXT = "mend what the log names, then run again"


@dataclass(frozen=True)
class Image:
    """One image: its name, its Dockerfile, and its reference, tagged with a hash of its content."""

    name: str
    dockerfile: Path
    reference: str
    arguments: tuple[str, ...] = ()
    """What its Dockerfile is told, as NAME=VALUE."""

    @property
    def build_arguments(self) -> list[str]:
        """Return them as docker and buildah take them."""
        return [part for each in self.arguments for part in ("--build-arg", each)]


def without_programs() -> list[str]:
    """Return the names of the usual images that need no program compiled here."""
    return [name for name in usual() if name != _GATEWAY]


def usual() -> list[str]:
    """Return the names of the images that every cluster needs."""
    return [name for name in DOCKERFILES if name not in _ON_DEMAND]


def docker_answers() -> bool:
    """Say whether a Docker engine can be used."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def plan(names: list[str], base: str | None) -> dict[str, Image]:
    """Return the named images (none: the usual ones).

    `base` is None for the base that each Dockerfile names.
    """
    if unknown := set(names) - set(DOCKERFILES):
        raise ClusterError(
            f"no image is called {', '.join(sorted(unknown))}",
            next_step=f"use one of {', '.join(DOCKERFILES)}",
        )
    images = {}
    for name in names or usual():
        if name == _GATEWAY:
            _provide_versitygw()
        path = REPOSITORY / DOCKERFILES[name]
        arguments = _BUILD_ARGUMENTS.get(name, ())
        try:
            tag = dockerfile.content_tag(REPOSITORY, path, "\0".join((base or "", *arguments)))
        except (FileNotFoundError, ValueError) as error:
            raise ClusterError(f"image {name}: {error}", next_step=f"mend {path}") from error
        images[name] = Image(name, path, f"localhost/{name}:{tag}", arguments)
    return images


def references(images: dict[str, Image]) -> dict[str, str]:
    """Return the references of images by their names."""
    return {name: image.reference for name, image in images.items()}


def build_with_docker(names: list[str]) -> dict[str, Image]:
    """Build what the Docker engine does not hold yet."""
    images = plan(names, None)
    for image in images.values():
        known = subprocess.run(
            ["docker", "image", "inspect", image.reference], capture_output=True, check=False
        )
        if known.returncode != 0:
            log = cache_dir() / "logs" / f"image-{image.name}.log"
            with step(f"Building image {image.reference}", log):
                arguments = [
                    *image.build_arguments,
                    "--tag",
                    image.reference,
                    "--file",
                    str(image.dockerfile),
                    str(REPOSITORY),
                ]
                run(["docker", "build", *arguments], log=log, next_step=_NEXT)
    return images


def build_with_buildah(names: list[str]) -> dict[str, Image]:
    """Build what the image store of the cache does not hold yet."""
    with exclusive("image-store"):
        return _build_with_buildah(names)


def _build_with_buildah(names: list[str]) -> dict[str, Image]:
    packages.ensure(packages.IMAGES, cache_dir() / "logs" / "packages.log")
    root = debianroot.ensure()
    base = f"localhost/python:3.14-{debianroot.version(root)}"
    images = plan(names, base)
    store = ImageStore(cache_dir() / "images")
    held = store.references()
    for image in images.values():
        if image.reference in held:
            continue
        log = cache_dir() / "logs" / f"image-{image.name}.log"
        with step(f"Building image {image.reference}", log):
            _ensure_base(base, root, log)
            run(
                [
                    "buildah",
                    "bud",
                    "--isolation",
                    "chroot",
                    "--layers",
                    "--volume",
                    "/etc/ssl/certs:/etc/ssl/certs:ro",
                    "--build-arg",
                    f"BASE={base}",
                    *image.build_arguments,
                    "--tag",
                    image.reference,
                    "--file",
                    image.dockerfile,
                    REPOSITORY,
                ],
                log=log,
                next_step=_NEXT,
                what=f"Building {image.name}",
            )
            # Uncompressed: squeezing layers takes longer than anything it saves on one machine.
            destination = f"oci:{store.folder}:{image.reference}"
            run(
                ["buildah", "push", "--disable-compression", image.reference, destination],
                log=log,
                next_step=_NEXT,
            )
    names_kept = {image.reference for image in images.values()}
    replaced = tuple(f"localhost/{name}:" for name in images)
    store.keep_only(
        names_kept
        | {reference for reference in store.references() if not reference.startswith(replaced)}
    )
    return images


def load(client: Containerd, images: dict[str, Image]) -> None:
    """Load into containerd what it does not hold yet."""
    store = ImageStore(cache_dir() / "images")
    held = client.images()
    for image in images.values():
        if image.reference in held:
            continue
        with (
            step(f"Loading image {image.reference}"),
            tempfile.TemporaryDirectory(dir=cache_dir()) as folder,
        ):
            archive = Path(folder) / "image.tar"
            store.write_archive(image.reference, archive)
            client.load(archive)


def _ensure_base(base: str, root: Path, log: Path) -> None:
    if (
        subprocess.run(
            ["buildah", "inspect", "--type", "image", base], capture_output=True, check=False
        ).returncode
        == 0
    ):
        return
    container = output(["buildah", "from", "scratch"], next_step=_NEXT).strip()
    try:
        run(["buildah", "copy", container, root, "/"], log=log, next_step=_NEXT)
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        run(
            ["buildah", "config", "--env", f"PATH={path}", "--env", "LANG=C.UTF-8", container],
            log=log,
            next_step=_NEXT,
        )
        run(["buildah", "commit", container, base], log=log, next_step=_NEXT)
    finally:
        run(["buildah", "rm", container], log=log, next_step=_NEXT)


def _provide_versitygw() -> None:
    """Put the S3 gateway's program into the build context, where its Dockerfile expects it."""
    target = REPOSITORY / "build" / "bin" / "versitygw"
    target.parent.mkdir(parents=True, exist_ok=True)
    # With its mode and time: the image's tag and the builder's cache look at them.
    shutil.copy2(binaries.ensure("tools") / target.name, target)
