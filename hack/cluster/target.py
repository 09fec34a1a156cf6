"""The cluster of `make up`: the one you name, else kind where Docker answers, else native."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import binaries
import images
import native
import preparation
from paths import REPOSITORY, cache_dir
from progress import ClusterError, output, run, step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_KIND_NAME = "venture"
KIND_CONFIG = REPOSITORY / "kind-config.yaml"
# The chart's settings that name the tag of each image.
_TAG_SETTINGS = {
    "venture": "image.tag",
    "venture-artifact-compiler": "compiler.image.tag",
    "venture-artifact-compiler-media": "compiler.media.image.tag",
    "venture-agent-runtime": "agents.image.tag",
    "venture-dev-postgres": "dataPlane.postgres.image.tag",
    "venture-dev-nats": "dataPlane.nats.image.tag",
    "venture-dev-valkey": "dataPlane.valkey.image.tag",
    "venture-dev-versitygw": "dataPlane.s3.image.tag",
}


@dataclass(frozen=True)
class Target:
    """A running cluster, and how it gets images: a function from their names to chart settings."""

    what: str
    kubeconfig: Path
    provide_images: Callable[[list[str]], dict[str, str]]


def up() -> Target:
    """Bring the cluster up and return it."""
    if chosen := named():
        return chosen
    if images.docker_answers():
        return Target("kind cluster", _kind_up(), _images_of_kind)
    preparation.ensure()
    cluster = native.up()
    return Target("native cluster", cluster, lambda names: _tag_settings(native.load_images(names)))


def named() -> Target | None:
    """Return the cluster that VENTURE_KUBE_CONTEXT names, if it does."""
    context = os.environ.get("VENTURE_KUBE_CONTEXT")
    if not context:
        return None
    return Target(f"cluster of context {context}", _kubeconfig_of(context), _images_of_a_registry)


def down() -> None:
    """Remove the kind cluster and the native cluster, whichever exists."""
    if images.docker_answers() and _KIND_NAME in _kind_clusters():
        with step("Removing the kind cluster"):
            output(
                [_kind(), "delete", "cluster", "--name", _KIND_NAME], next_step="see the message"
            )
    native.down()


def _kubeconfig_of(context: str) -> Path:
    # A kubeconfig of this context alone: nothing run later can reach another cluster by mistake.
    program = binaries.ensure("kubernetes") / "kubectl"
    text = output(
        [program, "config", "view", "--minify", "--flatten", "--raw", "--context", context],
        next_step="set VENTURE_KUBE_CONTEXT to one of `kubectl config get-contexts`, or unset it",
    )
    path = cache_dir() / "contexts" / f"{context.replace('/', '_')}.kubeconfig"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def _images_of_a_registry(_: list[str]) -> dict[str, str]:
    registry = os.environ.get("VENTURE_IMAGE_REGISTRY")
    if registry is None:
        raise ClusterError(
            "your cluster pulls its images, but VENTURE_IMAGE_REGISTRY does not say from where",
            next_step="push them to a registry that it reaches and set VENTURE_IMAGE_REGISTRY "
            "(and VENTURE_IMAGE_TAG); docs/native-cluster.md tells how",
        )
    settings = {"global.imageRegistry": registry}
    if tag := os.environ.get("VENTURE_IMAGE_TAG"):
        settings |= dict.fromkeys(_TAG_SETTINGS.values(), tag)
    return settings


def _kind_up() -> Path:
    if _KIND_NAME not in _kind_clusters():
        log = cache_dir() / "logs" / "kind.log"
        with step("Creating the kind cluster", log):
            run(
                [
                    _kind(),
                    "create",
                    "cluster",
                    "--config",
                    KIND_CONFIG,
                    "--kubeconfig",
                    cache_dir() / "kind.kubeconfig",
                ],
                log=log,
                next_step="mend what the log names (Docker, its network), then run again",
            )
    path = cache_dir() / "kind.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(
        output([_kind(), "get", "kubeconfig", "--name", _KIND_NAME], next_step="see the message")
    )
    return path


def _images_of_kind(names: list[str]) -> dict[str, str]:
    built = images.build_with_docker(names)
    node = f"{_KIND_NAME}-control-plane"
    listing = ["docker", "exec", node, "ctr", "--namespace=k8s.io", "images", "list", "--quiet"]
    held = set(output(listing, next_step="look at `docker ps`").split())
    for image in built.values():
        if image.reference not in held:
            with step(f"Loading image {image.reference} into kind"):
                output(
                    [_kind(), "load", "docker-image", image.reference, "--name", _KIND_NAME],
                    next_step="see the message",
                )
    return _tag_settings(images.references(built))


def check_kind_config(path: Path) -> None:
    """Read a kind configuration as strictly as kind does; no container engine is needed."""
    output([binaries.ensure("kind") / "kindcheck", path], next_step=f"mend {path}")


def _kind_clusters() -> Sequence[str]:
    return output([_kind(), "get", "clusters"], next_step="make `docker info` work").split()


def _kind() -> Path:
    return binaries.ensure("kind") / "kind"


def _tag_settings(references: dict[str, str]) -> dict[str, str]:
    return {
        _TAG_SETTINGS[name]: reference.rsplit(":", 1)[1] for name, reference in references.items()
    }
