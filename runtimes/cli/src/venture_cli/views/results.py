"""What the commands of artifacts print when they are done."""

from typing import TYPE_CHECKING, Any

from venture_cli.domain.artifact import ARTIFACT
from venture_cli.views.objects import print_facts, print_name, print_objects, print_ready
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.artifacts.compile import CompiledArtifact

    from venture_cli.domain.choices import Format
    from venture_cli.domain.verification import Verified

type Body = dict[str, Any]


def print_saved(body: Body, verified: Verified, path: Path | None, form: Format | None) -> None:
    """Print a build whose artifact was verified and saved (`path` None: on standard output)."""
    if path is None:
        # Standard output holds the artifact and nothing else.
        err().print(f"{body['metadata']['name']}: digest and signature verified")
        return
    if form is not None:
        print_objects([body], ARTIFACT, form, as_list=False)
        return
    print_ready(body)
    out().print((f"saved {path}", "bold"))
    print_facts({"verified": f"sha256:{verified.sha256}", "signed by": f"key {verified.key_id}"})


def print_rendered(artifact: CompiledArtifact, path: Path | None, form: Format | None) -> None:
    """Print an artifact that was compiled on this machine, and what is not promised of it."""
    if artifact.toolchain.native:
        from venture_core.artifacts.native import versions

        made = versions(artifact.toolchain.native)
        err().print(f"{made} of this machine: the bytes of a Job may be others")
    if path is None:
        err().print(f"sha256:{artifact.sha256}")
        return
    if form == "name":
        out().print(path)
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
        from venture_crds.v1alpha1.artifactbuild import human_size

        out().print((f"saved {path}", "bold"))
        gates = ", ".join(f"{each.name} passed" for each in artifact.gates)
        size = human_size(len(artifact.data))
        print_facts({"digest": f"sha256:{artifact.sha256}", "size": size, "gates": gates or "off"})


def print_verified(what: str, verified: Verified, form: Format | None) -> None:
    """Print what is proven of bytes whose digest and signature hold."""
    if form == "name":
        print_name(ARTIFACT, verified.build.rpartition("/")[2])
    elif form is not None:
        print_data(verified.to_json(), form)
    else:
        out().print((f"{what} is verified", "bold green"))
        print_facts(verified.facts())
