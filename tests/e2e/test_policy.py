"""Policy on the real cluster: what a bundle refuses, a freeze, webhooks that go and come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import yaml
from surroundings import REPOSITORY
from venture_core.policy.compile import compile_bundle
from waiting import patiently

if TYPE_CHECKING:
    from pathlib import Path

type Kubectl = Callable[..., str]

STARTER = REPOSITORY / "examples" / "policy" / "starter.yaml"
WEBHOOKS = ("-n", "venture-system", "deployment/venture-webhooks")


def build(name: str, **spec: object) -> str:
    slide = {"type": "title", "title": name}
    document = {"kind": "SlideSpec", "version": 1, "title": name, "slides": [slide]}
    return yaml.safe_dump(
        {
            "apiVersion": "venture.parpour.dev/v1alpha1",
            "kind": "ArtifactBuild",
            "metadata": {"name": name},
            "spec": {"target": "Pptx", "source": {"inline": document}, **spec},
        }
    )


@pytest.fixture
def governed(kubectl: Kubectl, namespace: str) -> str:
    """Publish the starter bundle in the test's namespace."""
    kubectl("apply", "-n", namespace, "-f", str(STARTER))
    kubectl("wait", "-n", namespace, "--for=condition=Ready", "pb/default", "--timeout=30s")
    return namespace


def apply(kubectl: Kubectl, namespace: str, manifest: str, *, fails: bool = False) -> str:
    return kubectl("apply", "-n", namespace, "-f", "-", stdin=manifest, fails=fails)


def refusal(kubectl: Kubectl, namespace: str) -> str:
    """Return why a new build would not be taken now; empty where it would."""
    arguments = ("apply", "-n", namespace, "--dry-run=server", "-f", "-")
    try:
        kubectl(*arguments, stdin=build("new"))
    except AssertionError as error:
        return str(error)
    return ""


def test_what_the_bundle_does_not_allow_is_refused_with_its_rule(
    kubectl: Kubectl, governed: str
) -> None:
    said = apply(kubectl, governed, build("dull", gates={"contrast": False}), fails=True)
    assert "remove spec.gates.contrast (rule artifacts/gates/contrast of bundle sha256:" in said
    apply(kubectl, governed, build("good"))
    kubectl("wait", "-n", governed, "--for=condition=Ready", "ab/good", "--timeout=90s")
    pinned = kubectl("get", "-n", governed, "ab/good", "-o", "jsonpath={.status.policyBundle.hash}")
    assert pinned == compile_bundle(yaml.safe_load(STARTER.read_text())["spec"]).hash


async def test_a_freeze_holds_until_somebody_says_what_was_done(
    kubectl: Kubectl, governed: str, tmp_path: Path
) -> None:
    freeze = tmp_path / "freeze.yaml"
    spec = {"scope": {"namespace": governed}, "mode": "Freeze", "reason": "to see that it holds"}
    body = {"apiVersion": "venture.parpour.dev/v1alpha1", "kind": "Freeze"}
    freeze.write_text(yaml.safe_dump(body | {"metadata": {"name": governed}, "spec": spec}))
    kubectl("create", "-f", str(freeze))

    async def look() -> str:
        return refusal(kubectl, governed)

    await patiently(look, lambda said: "holds: nothing new starts" in said, within_seconds=15)
    assert "say first what was done" in kubectl("delete", "freeze", governed, fails=True)
    note = "venture.parpour.dev/remediation=it was only to see that it holds"
    kubectl("annotate", "freeze", governed, note)
    kubectl("delete", "freeze", governed)
    await patiently(look, lambda said: not said, within_seconds=15)


async def test_the_cluster_recovers_when_every_webhook_is_gone(
    kubectl: Kubectl, governed: str
) -> None:
    async def look() -> str:
        return refusal(kubectl, governed)

    kubectl("scale", *WEBHOOKS, "--replicas=0")
    try:
        await patiently(look, lambda said: "failed calling webhook" in said, within_seconds=60)
        # Whatever is not ours goes on.
        kubectl("create", "-n", governed, "configmap", "other")
    finally:
        kubectl("scale", *WEBHOOKS, "--replicas=2")
    await patiently(look, lambda said: not said, within_seconds=90)
