"""What `edit` in one namespace, or `admin`, is refused outside of it: each with its exact words."""

import json
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from installations import read_kubeconfig, write_kubeconfig
from tenants import Attempt, Tenant
from worknamespace import work_namespace

if TYPE_CHECKING:
    from pathlib import Path

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

SYSTEM = "venture-system"
OURS = "venture.parpour.dev/v1alpha1"
RBAC = "rbac.authorization.k8s.io"
POLICIES = "networking.k8s.io"
IN_WORK_NAMESPACE = (
    Attempt("list", "secrets"),
    Attempt("get", "secrets", name="any"),
    Attempt("list", "configmaps"),
    Attempt("list", "pods"),
    Attempt("get", "pods/log", name="any"),
    Attempt("create", "pods/exec", name="any"),
    Attempt("create", "pods/attach", name="any"),
    Attempt("create", "pods/portforward", name="any"),
    Attempt("update", "pods/ephemeralcontainers", name="any"),
    Attempt("create", "pods"),
    Attempt("delete", "pods", name="any"),
    Attempt("create", "jobs", group="batch"),
    Attempt("update", "jobs", group="batch", name="any"),
    Attempt("delete", "jobs", group="batch", name="any"),
    Attempt("create", "secrets"),
    Attempt("create", "configmaps"),
    Attempt("create", "serviceaccounts/token", name="default"),
    Attempt("create", "rolebindings", group=RBAC),
    Attempt("create", "networkpolicies", group=POLICIES),
    Attempt("delete", "networkpolicies", group=POLICIES, name="venture-closed"),
)
IN_RELEASE_NAMESPACE = (
    Attempt("get", "secrets", name="venture-signing-key"),
    Attempt("get", "secrets", name="venture-checkpoint-key"),
    Attempt("get", "secrets", name="venture-s3"),
    Attempt("get", "secrets", name="venture-login-operator"),
    Attempt("update", "configmaps", name="venture-signing-keys"),
    Attempt("update", "leases", group="coordination.k8s.io", name="venture"),
    Attempt("create", "serviceaccounts/token", name="venture"),
    Attempt("create", "pods/exec", name="venture-postgres-0"),
    Attempt("create", "pods/portforward", name="venture-postgres-0"),
    Attempt("get", "services/proxy", name="venture-metrics"),
    Attempt("update", "deployments", group="apps", name="venture"),
)
ELSEWHERE = (
    Attempt("create", "namespaces"),
    Attempt("list", "artifactbuilds", group=OURS),
    Attempt("update", "customresourcedefinitions", group="apiextensions.k8s.io", name="any"),
    Attempt("create", "validatingwebhookconfigurations", group="admissionregistration.k8s.io"),
    Attempt("create", "apiservices", group="apiregistration.k8s.io"),
    Attempt("create", "clusterrolebindings", group=RBAC),
    Attempt("create", "certificatesigningrequests", group="certificates.k8s.io"),
)


def named(attempt: Attempt) -> str:
    return f"{attempt.verb} {attempt.resource} {attempt.name}".strip()


@pytest.fixture(scope="module")
def work_name(kubectl: Kubectl) -> str:
    return work_namespace(kubectl)


@pytest.mark.parametrize("attempt", IN_WORK_NAMESPACE, ids=named)
def test_the_work_namespace_is_closed_to_tenants(
    mallory: Tenant, work_name: str, attempt: Attempt
) -> None:
    there = Attempt(attempt.verb, attempt.resource, work_name, attempt.group, attempt.name)
    assert there.refusal(mallory) in there.by(mallory)


@pytest.mark.parametrize("attempt", IN_RELEASE_NAMESPACE, ids=named)
def test_the_release_is_closed_to_tenants(mallory: Tenant, attempt: Attempt) -> None:
    there = Attempt(attempt.verb, attempt.resource, SYSTEM, attempt.group, attempt.name)
    assert there.refusal(mallory) in there.by(mallory)


@pytest.mark.parametrize("attempt", ELSEWHERE, ids=named)
def test_the_cluster_is_closed_to_tenants(mallory: Tenant, attempt: Attempt) -> None:
    assert attempt.refusal(mallory) in attempt.by(mallory)


@pytest.mark.parametrize("verb", ["get", "delete", "update"])
def test_builds_of_others_are_out_of_reach(mallory: Tenant, alice: Tenant, verb: str) -> None:
    attempt = Attempt(verb, "artifactbuilds", alice.namespace, OURS, "deck")
    assert attempt.refusal(mallory) in attempt.by(mallory)


def test_a_namespace_cannot_be_relabelled_as_ours(mallory: Tenant) -> None:
    """Nor can it leave the Pod Security standard that its owner gave it."""
    label = ("label", "namespace", mallory.namespace, "app.kubernetes.io/component=work")
    words = f'User "{mallory.user}" cannot patch resource "namespaces"'
    assert words in mallory.run(*label, fails=True)


def test_the_result_of_a_build_cannot_be_written(mallory: Tenant) -> None:
    mallory.create(suspended("forged"))
    status = {"status": {"phase": "Ready", "artifact": {"uri": "s3://x/y", "sha256": "0" * 64}}}
    said = mallory.patch("artifactbuild", "forged", status, "--subresource=status", fails=True)
    where = f'in the namespace "{mallory.namespace}"'
    assert (
        f'User "{mallory.user}" cannot patch resource "artifactbuilds/status" '
        f'in API group "venture.parpour.dev" {where}'
    ) in said
    # Past the subresource the API server drops it, at an update as at the creation.
    mallory.patch("artifactbuild", "forged", status)
    assert "artifact" not in json.loads(
        mallory.run("get", "artifactbuild", "forged", "-o", "json")
    ).get("status", {})


def test_a_result_that_comes_with_the_object_is_dropped(mallory: Tenant) -> None:
    forged = suspended("born-ready") | {
        "status": {
            "phase": "Ready",
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "Built",
                    "message": "believe me",
                    "lastTransitionTime": "2026-11-26T00:00:00Z",
                }
            ],
        }
    }
    mallory.create(forged)
    mallory.run("wait", "artifactbuild/born-ready", "--for=jsonpath={.status.phase}=Suspended")
    body = json.loads(mallory.run("get", "artifactbuild", "born-ready", "-o", "json"))
    ready = [each for each in body["status"]["conditions"] if each["type"] == "Ready"]
    assert [each["status"] for each in ready] == ["Unknown"]
    assert "believe me" not in json.dumps(body)


def test_an_event_cannot_be_told_of_a_neighbours_build(mallory: Tenant, alice: Tenant) -> None:
    involved = {"kind": "ArtifactBuild", "namespace": alice.namespace, "name": "deck"}
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "deck.forged"},
        "involvedObject": involved,
        "reason": "Built",
        "message": "built 1 KiB",
        "type": "Normal",
    }
    said = mallory.create(event, fails=True)
    assert "involvedObject.namespace: Invalid value" in said
    assert "does not match event.namespace" in said
    there = Attempt("create", "events", alice.namespace)
    assert there.refusal(mallory) in there.by(mallory)


@pytest.fixture(scope="module")
def eve(kubectl: Kubectl, mallory: Tenant) -> Tenant:
    """Return the administrator of that namespace, who may bind roles there."""
    binding = ("create", "rolebinding", "eve", "--clusterrole=admin", "--user=eve")
    kubectl("-n", mallory.namespace, *binding)
    return Tenant(kubectl, "eve", mallory.namespace)


def test_an_admin_cannot_take_the_operators_role(eve: Tenant) -> None:
    """It would let them write results in their namespace."""
    binding = ("create", "rolebinding", "mine", f"--clusterrole=venture.{SYSTEM}", "--user=eve")
    said = eve.run(*binding, fails=True)
    assert "is attempting to grant RBAC permissions not currently held" in said
    assert 'Resources:["artifactbuilds/status"], Verbs:["patch"]' in said


def test_an_admin_cannot_make_a_role_that_writes_results(eve: Tenant) -> None:
    role = ("create", "role", "mine", "--verb=patch", "--resource=artifactbuilds/status")
    said = eve.run(*role, fails=True)
    assert "is attempting to grant RBAC permissions not currently held" in said


@pytest.fixture(scope="module")
def intruder(
    kubectl: Kubectl, kubeconfig: Path, mallory: Tenant, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., str]:
    """Give kubectl with the token of a service account of theirs, called as the operator's is.

    `edit` lets them make it, and mint its tokens: for the API server, or for any audience of ours.
    """
    name = "venture"
    mallory.run("create", "serviceaccount", name)
    account = f"--serviceaccount={mallory.namespace}:{name}"
    kubectl("-n", mallory.namespace, "create", "rolebinding", "own", "--clusterrole=edit", account)
    token = mallory.run("create", "token", name).strip()
    config = read_kubeconfig(kubeconfig)
    path = write_kubeconfig(
        config, tmp_path_factory.mktemp("mallory") / "config", user={"token": token}
    )

    def run(*arguments: str, **options: Any) -> str:
        return kubectl(f"--kubeconfig={path}", *arguments, **options)

    return run


@pytest.mark.parametrize(
    ("impersonated", "resource", "name", "where"),
    [
        (
            f"system:serviceaccount:{SYSTEM}:venture",
            "serviceaccounts",
            "venture",
            f' in the namespace "{SYSTEM}"',
        ),
        ("alice", "users", "alice", " at the cluster scope"),
        (
            "system:kube-controller-manager",
            "users",
            "system:kube-controller-manager",
            " at the cluster scope",
        ),
    ],
)
def test_nobody_can_be_impersonated(
    intruder: Callable[..., str],
    mallory: Tenant,
    impersonated: str,
    resource: str,
    name: str,
    where: str,
) -> None:
    said = intruder(f"--as={impersonated}", "get", "artifactbuilds", "-A", fails=True)
    assert f'{resource} "{name}" is forbidden' in said
    user = f"system:serviceaccount:{mallory.namespace}:venture"
    assert f'User "{user}" cannot impersonate resource "{resource}" in API group ""{where}' in said


def test_a_service_account_called_as_the_operators_has_none_of_its_rights(
    intruder: Callable[..., str], mallory: Tenant, work_name: str
) -> None:
    user = f"system:serviceaccount:{mallory.namespace}:venture"
    for resource, namespace in (
        ("secrets", work_name),
        ("secrets", SYSTEM),
        ("leases.coordination.k8s.io", SYSTEM),
    ):
        said = intruder("-n", namespace, "get", resource, fails=True)
        assert f'User "{user}" cannot list resource "{resource.partition(".")[0]}"' in said


OF_THE_OPERATOR = (
    Attempt("create", "pods", "{work}"),
    Attempt("list", "secrets", "{work}"),
    Attempt("create", "pods/exec", "{work}", name="any"),
    Attempt("create", "serviceaccounts/token", "{work}", name="default"),
    Attempt("create", "rolebindings", "{work}", RBAC),
    Attempt("delete", "networkpolicies", "{work}", POLICIES, "venture-closed"),
    Attempt("list", "configmaps", "{work}"),
    Attempt("create", "jobs", SYSTEM, "batch"),
    Attempt("create", "pods", SYSTEM),
    Attempt("get", "secrets", SYSTEM, name="venture-signing-key"),
    Attempt("update", "deployments", SYSTEM, "apps", "venture"),
    Attempt("create", "jobs", "kube-system", "batch"),
    Attempt("create", "secrets", "kube-system"),
    Attempt("list", "configmaps", "kube-system"),
    Attempt("create", "clusterrolebindings", group=RBAC),
    Attempt("create", "namespaces"),
    Attempt("list", "nodes"),
)


def placed(attempt: Attempt) -> str:
    return f"{named(attempt)} in {attempt.namespace or 'the cluster'}"


@pytest.mark.parametrize("attempt", OF_THE_OPERATOR, ids=placed)
def test_a_stolen_token_of_the_operator_stays_in_the_work_namespace(
    kubectl: Kubectl, work_name: str, attempt: Attempt
) -> None:
    thief = Tenant(kubectl, f"system:serviceaccount:{SYSTEM}:venture", SYSTEM)
    namespace = attempt.namespace.format(work=work_name)
    there = Attempt(attempt.verb, attempt.resource, namespace, attempt.group, attempt.name)
    assert there.refusal(thief) in there.by(thief)


def suspended(name: str) -> Body:
    """Return a build that starts nothing."""
    title = secrets.token_hex(4)
    slides = [{"type": "title", "title": title}]
    document = {"kind": "SlideSpec", "version": 1, "title": title, "slides": slides}
    return {
        "apiVersion": OURS,
        "kind": "ArtifactBuild",
        "metadata": {"name": name},
        "spec": {"target": "Pptx", "suspend": True, "source": {"inline": document}},
    }
