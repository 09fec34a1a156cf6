"""What each command prints when it is done."""

from typing import TYPE_CHECKING

from rich.text import Text
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, human_size

from venture_cli.domain.durations import elapsed
from venture_cli.domain.outcome import parse_build, standing
from venture_cli.program import hint
from venture_cli.views.builds import print_details, print_facts, print_table
from venture_cli.views.structured import print_data, print_name, print_objects
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.artifacts.compile import CompiledArtifact
    from venture_core.kubernetes.client import Body

    from venture_cli.domain.verification import Verified
    from venture_cli.options import Format, ListFormat


def print_started(body: Body, form: Format | None) -> None:
    """Print a build that nobody waits for."""
    name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
    if form is not None:
        print_objects([body], form, as_list=False)
        return
    out().print(f"{name} is building in {namespace}")
    _print_next(hint("artifact", "wait", name, namespace=namespace))


def print_finished(build: ArtifactBuild, form: Format | None) -> None:
    """Print a build that is ready and was not downloaded."""
    if form is not None:
        print_objects([build.to_json()], form, as_list=False)
        return
    _print_ready(build)
    name, namespace = build.metadata.name, build.metadata.namespace
    _print_next(hint("artifact", "download", name, namespace=namespace))


def print_saved(
    build: ArtifactBuild, verified: Verified, path: Path | None, form: Format | None
) -> None:
    """Print a build whose artifact was verified and saved (`path` None: on standard output)."""
    if path is None:
        # Standard output holds the artifact and nothing else.
        err().print(f"{build.metadata.name}: digest and signature verified")
        return
    if form is not None:
        print_objects([build.to_json()], form, as_list=False)
        return
    _print_ready(build)
    out().print(Text(f"saved {path}", style="bold"))
    print_facts({"verified": f"sha256:{verified.sha256}", "signed by": f"key {verified.key_id}"})


def print_rendered(artifact: CompiledArtifact, path: Path | None, form: Format | None) -> None:
    """Print an artifact that was compiled on this machine."""
    if path is None:
        err().print(f"sha256:{artifact.sha256}")
        return
    if form == "name":
        print(path)
    elif form is not None:
        facts = {
            "file": str(path),
            "sha256": artifact.sha256,
            "sizeBytes": len(artifact.data),
            "mediaType": artifact.media_type,
            "gates": [{"name": each.name, "passed": each.passed} for each in artifact.gates],
        }
        print_data(facts, form)
    else:
        out().print(Text(f"saved {path}", style="bold"))
        gates = ", ".join(f"{each.name} passed" for each in artifact.gates)
        size = human_size(len(artifact.data))
        print_facts({"digest": f"sha256:{artifact.sha256}", "size": size, "gates": gates or "off"})


def print_verified(what: str, verified: Verified, form: Format | None) -> None:
    """Print what is proven of bytes whose digest and signature hold."""
    if form == "name":
        print_name(verified.build.rpartition("/")[2])
    elif form is not None:
        print_data(verified.to_json(), form)
    else:
        out().print(Text(f"{what} is verified", style="bold green"))
        print_facts(verified.facts())


def print_build(body: Body, form: Format | None) -> None:
    """Print one build, as it is now."""
    if form is not None:
        print_objects([body], form, as_list=False)
    else:
        print_details(parse_build(body))


def print_builds(bodies: list[Body], form: ListFormat | None, *, namespace: str | None) -> None:
    """Print the builds of a namespace, or of all where it is None."""
    if form is not None and form != "wide":
        print_objects(bodies, form, as_list=True)
    elif bodies:
        builds = [parse_build(body) for body in bodies]
        print_table(builds, namespaces=namespace is None, wide=form == "wide")
    else:
        where = f"in {namespace}" if namespace else "in this cluster"
        err().print(f"there are no such ArtifactBuilds {where}")


def print_done(name: str, verb: str) -> None:
    """Print a change that was made."""
    out().print(f"{name} {verb}")


def _print_ready(build: ArtifactBuild) -> None:
    status, now = build.status, standing(build)
    took = ""
    if status.started_at and status.finished_at:
        took = f" in {elapsed((status.finished_at - status.started_at).total_seconds())}"
    ready = (f"{build.metadata.name} is ready", "bold green")
    out().print(Text.assemble(ready, f": {now.message}{took}"))


def _print_next(command: str) -> None:
    err().print(Text.assemble(("next: ", "bold"), command))
