"""Venture itself on a cluster: the chart, the examples, and the decks that come out."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import binaries
import images
import python
import story
import target
from contenthash import tree_hash
from kubectl import Kubectl
from locking import exclusive
from paths import REPOSITORY, cache_dir
from progress import ClusterError, output, run, say, step
from target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_NAME = "venture"
_NAMESPACE = "venture-system"
_LOCK = "make-up"
_CHART = REPOSITORY / "charts" / "venture"
_EXAMPLES = REPOSITORY / "examples"
_DECK_FLAGS = [
    flag for path in sorted(_EXAMPLES.glob("*-deck.yaml")) for flag in ("--filename", str(path))
]
_DECKS = REPOSITORY / "build" / "decks"
_ARTIFACTS = (*_DECK_FLAGS, "--filename", str(_EXAMPLES / "artifacts"))
_ARTIFACTS_BUILT = REPOSITORY / "build" / "examples"
_DECK_SECONDS = 300
_MADE_BY = "venture.parpour.dev/made-by"
_VIDEOS = "compiler.media.enabled"
_RESTRICTED = {
    f"pod-security.kubernetes.io/{mode}{part}": value
    for mode in ("enforce", "warn", "audit")
    for part, value in (("", "restricted"), ("-version", "latest"))
}


def up() -> Path:
    """Do everything from nothing to a deck; run again, change nothing; return the kubeconfig."""
    with exclusive(_LOCK):
        return _up(tell_story=False)


def show() -> None:
    """Do that, and tell the story of a launch; APPROVE=no leaves it to others to say yes."""
    with exclusive(_LOCK):
        _up(tell_story=True)


def _up(*, tell_story: bool) -> Path:
    cluster = target.up()
    environment = python.ensure_environment()
    kubectl = Kubectl(cluster.kubeconfig)
    _label_namespace(kubectl)
    _install(cluster, kubectl, videos=_makes_videos(cluster))
    venture = environment / "bin" / "venture"
    decks = _build_examples(kubectl, venture, _DECK_FLAGS, _DECKS)
    if tell_story:
        approve = os.environ.get("APPROVE", "yes") != "no"
        story.Story(kubectl, venture, _NAMESPACE, approve).tell()
    _tell_what_next(cluster, decks)
    return cluster.kubeconfig


def examples() -> None:
    """Build one document of each kind on the cluster that `up` brought, and show their pages."""
    with exclusive(_LOCK):
        cluster = target.up()
        if not _status(cluster):
            raise ClusterError("Venture is not installed", next_step="run make up")
        kubectl = Kubectl(cluster.kubeconfig)
        _install(cluster, kubectl, videos=True)
        programs = python.ensure_environment() / "bin"
        for path in _build_examples(kubectl, programs / "venture", _ARTIFACTS, _ARTIFACTS_BUILT):
            say(f"{path} ({path.stat().st_size:,} bytes)")
    with step("Drawing their pages"):
        lines = output(
            [programs / "python", REPOSITORY / "hack" / "lookbook.py", _ARTIFACTS_BUILT],
            next_step=f"open the files in {_ARTIFACTS_BUILT}",
        )
    print(lines)


def down() -> None:
    """Remove what `up` put into the cluster, and the cluster itself unless it was named."""
    named = target.named()
    with exclusive(_LOCK):
        if named is None:
            target.down()
        else:
            _uninstall(named, Kubectl(named.kubeconfig))
    say(f"Kept: the cache ({cache_dir()}), .venv, and {_DECKS.relative_to(REPOSITORY)}")


def _label_namespace(kubectl: Kubectl) -> None:
    labels = {**_RESTRICTED, _MADE_BY: "make-up"}
    metadata = {"name": _NAMESPACE, "labels": labels}
    kubectl.apply(json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))


def _install(cluster: Target, kubectl: Kubectl, *, videos: bool) -> None:
    """Install the chart, or upgrade it; with `videos`, and the large image that makes them."""
    settings = cluster.provide_images(list(images.DOCKERFILES) if videos else [])
    if videos:
        settings[_VIDEOS] = "true"
    fingerprint = f"make up {tree_hash(_CHART, [_CHART], extra=repr(sorted(settings.items())))}"
    log = cache_dir() / "logs" / "helm.log"
    found = _recover(cluster, log)
    info = found.get("info", {})
    if (info.get("status"), info.get("description")) == ("deployed", fingerprint) and _all_ready(
        kubectl
    ):
        say("The chart is installed and unchanged")
        return
    flags = [
        flag
        for name, value in settings.items()
        for flag in ("--set" if name == _VIDEOS else "--set-string", f"{name}={value}")
    ]
    with step(f"Installing the chart on the {cluster.what}", log):
        run(
            [
                *_helm(cluster),
                "upgrade",
                "--install",
                _NAME,
                _CHART,
                "--namespace",
                _NAMESPACE,
                "--values",
                _CHART / "values-dev.yaml",
                *flags,
                "--description",
                fingerprint,
                # What somebody changed by hand is set right.
                "--force-conflicts",
                "--wait",
                "--timeout",
                "5m",
            ],
            log=log,
            next_step=f"{_look(kubectl)} -n {_NAMESPACE} get pods,events",
        )


def _recover(cluster: Target, log: Path) -> dict[str, Any]:
    """Return what helm knows of the release, after undoing an operation that was killed."""
    releases = _status(cluster)
    status = releases.get("info", {}).get("status", "")
    if not status.startswith("pending"):
        return releases
    undo = ["rollback", _NAME] if releases["version"] > 1 else ["uninstall", _NAME]
    with step(f"Undoing an interrupted helm operation ({status})", log):
        run(
            [*_helm(cluster), *undo, "--namespace", _NAMESPACE, "--wait"],
            log=log,
            next_step=f"read {log}",
        )
    return _status(cluster)


def _makes_videos(cluster: Target) -> bool:
    """Say whether `make examples` made the release one that makes videos."""
    values = _status(cluster).get("config") or {}
    return bool(values.get("compiler", {}).get("media", {}).get("enabled"))


def _status(cluster: Target) -> dict[str, Any]:
    flags = ["--namespace", _NAMESPACE, "--output", "json"]
    listed = json.loads(
        output(
            [*_helm(cluster), "list", "--filter", f"^{_NAME}$", *flags],
            next_step="see the message",
        )
    )
    if not listed:
        return {}
    return dict(
        json.loads(output([*_helm(cluster), "status", _NAME, *flags], next_step="see the message"))
    )


def _all_ready(kubectl: Kubectl) -> bool:
    workloads = kubectl.json("get", "deployments,statefulsets", "--namespace", _NAMESPACE)["items"]
    return bool(workloads) and all(
        item["status"].get("readyReplicas", 0) == item["spec"]["replicas"]
        and item["status"].get("observedGeneration") == item["metadata"]["generation"]
        for item in workloads
    )


def _build_examples(
    kubectl: Kubectl, venture: Path, examples: Sequence[str], folder: Path
) -> list[Path]:
    """Build the examples that kubectl's options name, and return their files in the folder."""
    with step("Building the examples"):
        kubectl(
            "apply",
            *examples,
            next_step=f"if an example changed, {_look(kubectl)} delete -f {_EXAMPLES}, then again",
        )
        deadline = time.monotonic() + _DECK_SECONDS
        while waiting := [item for item in _builds(kubectl, examples) if not _is_ready(item)]:
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"not Ready after {_DECK_SECONDS} s: {', '.join(map(_describe, waiting))}",
                    next_step=f"{_look(kubectl)} describe artifactbuild",
                )
            time.sleep(0.5)
    builds = _builds(kubectl, examples)
    return [_download(item["metadata"], kubectl, venture, folder) for item in builds]


def _look(kubectl: Kubectl) -> str:
    return f"kubectl --kubeconfig {kubectl.kubeconfig}"


def _builds(kubectl: Kubectl, examples: Sequence[str]) -> list[dict[str, Any]]:
    listed = kubectl.json("get", *examples)
    return [item for item in listed.get("items", [listed]) if item.get("kind") == "ArtifactBuild"]


def _is_ready(item: dict[str, Any]) -> bool:
    """Say whether an object is Ready as it stands; raise ClusterError when it never will be."""
    status = item.get("status", {})
    if status.get("observedGeneration") != item["metadata"]["generation"]:
        return False
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    if conditions.get("Stalled", {}).get("status") == "True":
        raise ClusterError(
            f"ArtifactBuild {item['metadata']['name']}: {conditions['Stalled'].get('message')}",
            next_step="mend what the message names, delete the object and run again",
        )
    return bool(conditions.get("Ready", {}).get("status") == "True")


def _describe(item: dict[str, Any]) -> str:
    return f"{item['metadata']['name']} ({item.get('status', {}).get('phase', 'no status')})"


def _download(metadata: dict[str, Any], kubectl: Kubectl, venture: Path, folder: Path) -> Path:
    """Download an artifact, under the name that the command line gives it."""
    folder.mkdir(parents=True, exist_ok=True)
    log = cache_dir() / "logs" / "download.log"
    run(
        [
            venture,
            "artifact",
            "download",
            metadata["name"],
            "--namespace",
            metadata["namespace"],
            "--output",
            folder,
        ],
        log=log,
        env={**os.environ, "KUBECONFIG": str(kubectl.kubeconfig)},
        next_step="mend what the log names, then run again",
    )
    return next(folder.glob(f"{metadata['name']}.*"))


def _tell_what_next(cluster: Target, decks: list[Path]) -> None:
    tools = [binaries.ensure("kubernetes"), binaries.ensure("tools"), REPOSITORY / ".venv" / "bin"]
    print(f"\nVenture runs on the {cluster.what}. It built:")
    for deck in decks:
        print(f"  {deck} ({deck.stat().st_size:,} bytes)")
    print("\nTry next:")
    print(f"  export KUBECONFIG={cluster.kubeconfig} PATH={':'.join(map(str, tools))}:$PATH")
    print("  kubectl -n launch delete workflow launch && make up APPROVE=no  # and deny it")
    print("  venture freeze -n launch -m 'to see that nothing new starts'    # and thaw it")
    print("  kubectl -n launch apply -f examples/hostile-page.yaml           # a page gives orders")
    print("  make down                                                       # remove it all")


def _uninstall(cluster: Target, kubectl: Kubectl) -> None:
    log = cache_dir() / "logs" / "helm.log"
    with step(f"Removing Venture from the {cluster.what}", log):
        if _status(cluster):
            kubectl("delete", *_ARTIFACTS, "--ignore-not-found")
            # While the operator is there to let its objects go.
            kubectl("delete", "namespace", story.NAMESPACE, "--ignore-not-found")
            run(
                [*_helm(cluster), "uninstall", _NAME, "--namespace", _NAMESPACE, "--wait"],
                log=log,
                next_step=f"read {log}",
            )
        ours = kubectl(
            "get", "namespaces", "--selector", f"{_MADE_BY}=make-up", "--output=name"
        ).split()
        if ours:
            kubectl("delete", *ours)


def _helm(cluster: Target) -> list[str | Path]:
    return [binaries.ensure("tools") / "helm", "--kubeconfig", cluster.kubeconfig]
