"""What runs before and after the release, and in which order."""

from __future__ import annotations

import json
import re

from chartmanifests import Json, Render, named, of_kind

HELM_TIMEOUT_SECONDS = 300
API_CHECK = "venture-preflight-api"


def test_the_preflight_ends_before_helm_gives_up(manifests: list[Json]) -> None:
    job = named(manifests, "Job", "venture-preflight")
    assert job["spec"]["activeDeadlineSeconds"] <= HELM_TIMEOUT_SECONDS
    pod = job["spec"]["template"]["spec"]
    env = {variable["name"]: variable.get("value") for variable in pod["containers"][0]["env"]}
    deadline = float(env["VENTURE_PREFLIGHT_DEADLINE_SECONDS"] or 0)
    # The Job takes the log of a pod with it that has not ended before.
    assert deadline < pod["activeDeadlineSeconds"] < job["spec"]["activeDeadlineSeconds"]


def test_the_preflight_starts_the_images_of_jobs(manifests: list[Json]) -> None:
    pod = named(manifests, "Job", "venture-preflight")["spec"]["template"]["spec"]
    preflight, *others = pod["containers"]
    env = {variable["name"]: variable.get("value") for variable in preflight["env"]}
    images = json.loads(env["VENTURE_PREFLIGHT_IMAGES"])
    assert images == {each["name"]: each["image"] for each in others}
    operator = named(manifests, "Deployment", "venture")["spec"]["template"]["spec"]
    env = {each["name"]: each.get("value") for each in operator["containers"][0]["env"]}
    expected = {"compiler": env["VENTURE_COMPILER_IMAGE"]}
    if "VENTURE_AGENTS" in env:
        expected["agents"] = json.loads(env["VENTURE_AGENTS"] or "")["image"]
    if "VENTURE_COMPILER_MEDIA" in env:
        expected["media"] = json.loads(env["VENTURE_COMPILER_MEDIA"] or "")["image"]
    assert images == expected


def test_the_api_is_asked_for_once_the_release_is_there(render_chart: Render) -> None:
    """Where this release registers it, and something can come up behind it."""
    manifests = render_chart("ci/production.yaml")
    job = named(manifests, "Job", API_CHECK)
    assert hooks([job], API_CHECK) == {"post-install,post-upgrade"}
    pod = job["spec"]["template"]["spec"]
    env = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
    (registered,) = of_kind(manifests, "APIService")
    service = registered["spec"]["service"]
    assert env["VENTURE_PREFLIGHT_API"] == registered["metadata"]["name"]
    assert env["VENTURE_PREFLIGHT_API_BACKEND"] == f"{service['namespace']}/{service['name']}"
    assert job["spec"]["activeDeadlineSeconds"] <= HELM_TIMEOUT_SECONDS
    assert "automountServiceAccountToken" not in pod
    account = named(manifests, "ServiceAccount", API_CHECK)
    assert account["metadata"]["name"] == pod["serviceAccountName"]
    for without in (
        "controlPlaneApi.apiService=false",
        "controlPlaneApi.replicas=0",
        "operator.replicas=0",
        "preflight.enabled=false",
        "rbac.create=false",
    ):
        manifests = render_chart("ci/production.yaml", sets=(without,))
        names = {each["metadata"]["name"] for each in manifests}
        assert not {each for each in names if "preflight-api" in each}, without


def hooks(manifests: list[Json], name: str) -> set[str]:
    return {
        one["metadata"]["annotations"]["helm.sh/hook"]
        for one in manifests
        if one["metadata"]["name"] == name
    }


def weight(manifests: list[Json], kind: str, name: str) -> int:
    return int(named(manifests, kind, name)["metadata"]["annotations"]["helm.sh/hook-weight"])


def test_what_is_wrong_outside_is_found_before_anything_starts(render_chart: Render) -> None:
    """Preflight, then migration, then the release: nothing waits for what cannot come."""
    for example in ("ci/production.yaml", "ci/namespaced.yaml"):
        manifests = render_chart(example)
        for name in ("venture-preflight", "venture-migrate"):
            assert hooks(manifests, name) == {"pre-install,pre-upgrade"}
        weights = [
            weight(manifests, "NetworkPolicy", "venture-preflight"),
            weight(manifests, "Job", "venture-preflight"),
            weight(manifests, "NetworkPolicy", "venture-migrate"),
            weight(manifests, "Job", "venture-migrate"),
        ]
        assert weights == sorted(set(weights))
    # The development data plane is part of the release: it has to be there first.
    manifests = render_chart("ci/dev.yaml")
    assert hooks(manifests, "venture-migrate") == {"post-install,pre-upgrade"}
    assert hooks(manifests, "venture-preflight") == {"post-install,post-upgrade"}
    job = named(manifests, "Job", "venture-migrate")
    assert job["spec"]["activeDeadlineSeconds"] < HELM_TIMEOUT_SECONDS
    assert weight(manifests, "Job", "venture-migrate") < weight(
        manifests, "Job", "venture-preflight"
    )


def test_what_runs_before_the_release_needs_nothing_of_it(render_chart: Render) -> None:
    """Secrets of the release are not there yet: hooks have their own, or the user's."""
    manifests = render_chart("ci/namespaced.yaml")
    hook_secrets = {
        one["metadata"]["name"]
        for one in of_kind(manifests, "Secret")
        if "helm.sh/hook" in one["metadata"].get("annotations", {})
    }
    released = {one["metadata"]["name"] for one in of_kind(manifests, "Secret")} - hook_secrets
    for name in ("venture-preflight", "venture-migrate"):
        pod = named(manifests, "Job", name)["spec"]["template"]["spec"]
        text = json.dumps(pod)
        used = set(re.findall(r'"(?:name|secretName)": "(venture-[a-z-]+)"', text))
        assert not used & released
