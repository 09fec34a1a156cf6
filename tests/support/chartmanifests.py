"""The manifests that the chart renders, and what a test asks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from surroundings import CHART

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = sorted(f"ci/{file.name}" for file in (CHART / "ci").glob("*.yaml"))

WORK = "venture-work-e0c3cd41"
"""What `venture` in `venture-system` calls it."""

CLUSTER_WIDE = {
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
}
"""Kinds of objects that are in no namespace; a release's are named after it and its namespace."""

type Json = dict[str, Any]
type Render = Callable[..., list[Json]]


def documents(text: str) -> list[Json]:
    """Parse what helm printed, by libyaml: in Python the definitions take a second each time."""
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]


def of_kind(manifests: list[Json], *kinds: str) -> list[Json]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def named(manifests: list[Json], kind: str, name: str, namespace: str | None = None) -> Json:
    (found,) = [
        one
        for one in of_kind(manifests, kind)
        if one["metadata"]["name"] == name and namespace in {None, one["metadata"].get("namespace")}
    ]
    return found


def workloads(manifests: list[Json]) -> list[Json]:
    scheduled = of_kind(manifests, "CronJob")
    jobs = [{**each["spec"]["jobTemplate"], **_named_as(each)} for each in scheduled]
    return [*of_kind(manifests, "Deployment", "StatefulSet", "Job"), *jobs]


def _named_as(cron_job: Json) -> Json:
    return {"kind": "Job", "metadata": cron_job["metadata"]}


def containers(manifests: list[Json]) -> Iterator[tuple[str, Json]]:
    for workload in workloads(manifests):
        pod = workload["spec"]["template"]["spec"]
        for container in pod.get("initContainers", []) + pod["containers"]:
            yield f"{workload['metadata']['name']}/{container['name']}", container


def operator_env(manifests: list[Json]) -> dict[str, Json]:
    (container,) = [one for name, one in containers(manifests) if name == "venture/operator"]
    return {variable["name"]: variable for variable in container["env"]}


def matches(selector: Json, labels: Json) -> bool:
    assert selector.keys() <= {"matchLabels"}
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


def policies_of(manifests: list[Json], namespace: str) -> list[Json]:
    found = of_kind(manifests, "NetworkPolicy")
    return [each for each in found if each["metadata"]["namespace"] == namespace]


def rules(role: Json) -> set[tuple[str, str, str, str]]:
    return {
        (group, resource, name, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", ["*"])
        for verb in rule["verbs"]
    }


def allowed(group: str, resource: str, *verbs: str, name: str = "*") -> set[tuple[str, ...]]:
    return {(group, resource, name, verb) for verb in verbs}


COMPONENT = "app.kubernetes.io/component"


def components_that_reach(manifests: list[Json], port: int) -> set[str]:
    return {
        policy["spec"]["podSelector"]["matchLabels"][COMPONENT]
        for policy in policies_of(manifests, "venture-system")
        for rule in policy["spec"].get("egress", [])
        if port in {one["port"] for one in rule.get("ports", [])}
    }
