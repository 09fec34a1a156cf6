"""The README's tour by somebody who has `edit` in one namespace, and nothing else anywhere.

A service account: its token is all there is in its kubeconfig, so nothing can come by a
port-forward, a key of the bucket, or a login of the record.
"""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from installations import read_kubeconfig, write_kubeconfig
from readmetour import blocks, commands
from venture_cli.errors import ExitCode
from venturecommand import Ended, Venture

type Kubectl = Callable[..., str]

LOGO = Path(__file__).resolve().parents[1] / "unit" / "data" / "cli-logo.png"
FOR_AUDITORS = "venture audit"
"""The whole log is not a tenant's to read."""


@pytest.fixture
def tenant(kubectl: Kubectl, kubeconfig: Path, namespace: str, tmp_path: Path) -> Venture:
    kubectl("-n", namespace, "create", "serviceaccount", "tenant")
    bind = ("create", "rolebinding", "tenant", "--clusterrole=edit")
    kubectl("-n", namespace, *bind, f"--serviceaccount={namespace}:tenant")
    token = kubectl("-n", namespace, "create", "token", "tenant", "--duration=1h").strip()
    config: dict[str, Any] = read_kubeconfig(kubeconfig)
    context = config["contexts"][0]
    context |= {"context": context["context"] | {"namespace": namespace}}
    own = write_kubeconfig(config, tmp_path / "kubeconfig", user={"token": token})
    return Venture(tmp_path, own)


async def test_the_whole_tour(tenant: Venture) -> None:
    """Every command of it with `venture`, as it is written; `audit` is refused and says why."""
    (plan,) = [block for block in blocks("yaml") if block.startswith("# plan.yaml")]
    (tenant.folder / "plan.yaml").write_text(plan)
    ran = 0
    for command, shown in commands():
        program, *arguments = shlex.split(command)
        if program != "venture":
            continue
        if shown.startswith("error:"):
            (tenant.folder / "plan.yaml").write_text(
                plan.replace("title: Sign-ups so far", "titel: Sign-ups")
            )
        ended = await tenant(*arguments)
        said = ended.text + ended.err
        if command.startswith(FOR_AUDITORS):
            assert ended.code == ExitCode.DENIED, said
            continue
        expected = ExitCode.BUILD_FAILED if shown.startswith("error:") else ExitCode.OK
        assert ended.code == expected, f"{command}: {said}"
        for digest in re.findall(r"sha256:[0-9a-f]{64}", shown):
            assert digest in said, f"{command} gives other bytes than the README shows"
        ran += 1
    assert ran >= 5


async def test_what_else_a_tenant_does_with_a_build(tenant: Venture) -> None:
    deck = {
        "kind": "SlideSpec",
        "version": 1,
        "title": "With a picture",
        "slides": [
            {"type": "title", "title": "With a picture"},
            {"type": "image", "title": "A square", "image": "logo", "altText": "A blue square"},
        ],
    }
    (tenant.folder / "deck.json").write_text(json.dumps(deck))

    async def good(*arguments: str) -> Ended:
        ended = await tenant("artifact", *arguments)
        assert ended.code == ExitCode.OK, f"{arguments}: {ended.err}"
        return ended

    await good("build", "deck.json", "--asset", f"logo={LOGO}", "-o", "deck.pptx")
    await good("download", "deck", "-o", "again.pptx", "--provenance", "deck.intoto.json")
    assert (tenant.folder / "deck.pptx").read_bytes() == (tenant.folder / "again.pptx").read_bytes()
    for what in ("deck", "deck.pptx"):
        verified = await good("verify", what, "-o", "json")
        assert json.loads(verified.text)["verified"] is True
    events = await good("events", "deck", "-o", "json")
    types = [json.loads(line)["event"]["event_type"] for line in events.text.splitlines()]
    assert types[0] == "artifact.build.requested.v1"
    assert types[-1] == "artifact.build.completed.v1"
    log = await good("logs", "deck")
    assert "started" in log.text
    await good("delete", "deck")


async def test_nothing_of_others_is_theirs(tenant: Venture) -> None:
    """A build of another namespace, there or not: the same refusal."""
    refusals = set()
    for name in ("board-deck", "nothing-of-that-name"):
        for command in ("download", "verify", "events", "logs"):
            ended = await tenant("artifact", command, name, "-n", "default")
            assert ended.code == ExitCode.DENIED, ended.err
            refusals.add((command, ended.err.replace(name, "NAME")))
    assert len(refusals) == 4, refusals
