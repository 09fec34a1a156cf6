"""What the operator may do in the cluster, and where."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import pytest
from venture_crds.generator.files import chart_kinds
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

if TYPE_CHECKING:
    from pathlib import Path

    pass
from chartmanifests import (
    CLUSTER_WIDE,
    WORK,
    Json,
    Render,
    allowed,
    documents,
    named,
    of_kind,
    operator_env,
    rules,
)
from surroundings import CHART

MORE = ("orders", "rules")
"""Kinds that a test adds."""


def work_namespace(manifests: list[Json]) -> str:
    return str(operator_env(manifests)["VENTURE_WORK_NAMESPACE"]["value"])


def test_the_operator_may_do_this_and_nothing_else(manifests: list[Json]) -> None:
    group = "venture.parpour.dev"
    role = named(manifests, "ClusterRole", "venture.venture-system")
    assert rules(role) == (
        allowed(group, "artifactbuilds", "get", "list", "watch", "create", "delete")
        | allowed(group, "artifactbuilds/status", "get", "patch")
        | allowed(group, "policybundles", "get", "list", "watch")
        | allowed(group, "policybundles/status", "get", "patch")
        | allowed(group, "moneyintents", "get", "list", "watch", "create", "delete")
        | allowed(group, "moneyintents/status", "get", "patch")
        | allowed(group, "workflows", "get", "list", "watch", "delete")
        | allowed(group, "workflows/status", "get", "patch")
        | allowed(group, "approvals", "get", "list", "watch")
        | allowed(group, "approvals/status", "get", "patch")
        | allowed("", "configmaps", "get")
        | allowed("", "events", "create")
    )
    assert rules(named(manifests, "ClusterRole", "venture.venture-system.cluster")) == (
        allowed(group, "freezes", "get", "list", "watch")
        | allowed(group, "freezes/status", "get", "patch")
    )
    assert rules(named(manifests, "Role", "venture", work_namespace(manifests))) == (
        allowed("batch", "jobs", "get", "list", "watch", "create", "patch", "delete")
        | allowed("", "secrets", "get", "create", "delete")
        | allowed("", "pods", "get", "list", "watch")
        | allowed("", "events", "list")
    )
    assert rules(named(manifests, "Role", "venture", "venture-system")) == (
        allowed("coordination.k8s.io", "leases", "create")
        | allowed("coordination.k8s.io", "leases", "get", "update", name="venture")
        | allowed("", "configmaps", "create")
        | allowed("", "configmaps", "get", "update", "patch", name="venture-signing-keys")
    )


@pytest.fixture
def roles_of_more_kinds(tools: Path, tmp_path: Path) -> list[Json]:
    """The roles of a chart with one kind more that `edit` may change, and one that it may not."""

    class Order(ArtifactBuild):
        kind_info: ClassVar = replace(
            ArtifactBuild.kind_info, plural="orders", operator=("create", "patch")
        )

    class Rule(ArtifactBuild):
        kind_info: ClassVar = replace(
            ArtifactBuild.kind_info, plural="rules", operator=(), edit=False
        )

    chart = shutil.copytree(CHART, tmp_path / "venture")
    (chart / "templates/_kinds.tpl").write_text(chart_kinds([ArtifactBuild, Order, Rule]))
    command = [str(tools / "helm"), "template", "venture", str(chart)]
    command += ["--namespace=venture-system", f"--values={CHART / 'ci/production.yaml'}"]
    command += ["--show-only=templates/operator/rbac.yaml"]
    command += ["--show-only=templates/operator/aggregate.yaml"]
    rendered = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return documents(rendered.stdout)


def test_roles_follow_from_the_kinds(roles_of_more_kinds: list[Json]) -> None:
    """What `edit` may not change has a role of its own, which is a part of no other."""
    group, read = "venture.parpour.dev", ("get", "list", "watch")
    change = (*read, "create", "update", "patch", "delete", "deletecollection")
    operator = named(roles_of_more_kinds, "ClusterRole", "venture.venture-system")
    assert {rule for rule in rules(operator) if rule[0] == group} == (
        allowed(group, "artifactbuilds", *read, "create", "delete")
        | allowed(group, "orders", *read, "create", "patch")
        | allowed(group, "rules", *read)
    ).union(
        *(allowed(group, f"{one}/status", "get", "patch") for one in ("artifactbuilds", *MORE)),
    )
    edit = named(roles_of_more_kinds, "ClusterRole", "venture.venture-system.edit")
    content = "content.venture.parpour.dev"
    assert rules(edit) == set().union(
        allowed(content, "assets", "get"),
        allowed(content, "documents", "get"),
        allowed(content, "assets/proxy", "create"),
        allowed(content, "documents/proxy", "create"),
        *(allowed(group, one, *change) for one in ("artifactbuilds", "orders")),
        *(allowed(group, f"{one}/status", "get") for one in ("artifactbuilds", "orders")),
    )
    view = named(roles_of_more_kinds, "ClusterRole", "venture.venture-system.view")
    assert rules(view) == set().union(
        allowed(content, "workflows/transcript", "get"),
        allowed(content, "budgets", "list"),
        allowed(content, "statements", "get"),
        *(
            allowed(content, f"artifactbuilds/{one}", "get")
            for one in ("proxy", "provenance", "thumbnail", "events", "log")
        ),
        *(allowed(group, one, *read) for one in ("artifactbuilds", *MORE)),
        *(allowed(group, f"{one}/status", *read) for one in ("artifactbuilds", *MORE)),
    )
    own = named(roles_of_more_kinds, "ClusterRole", "venture.venture-system.rules")
    assert rules(own) == allowed(group, "rules", *change) | allowed(group, "rules/status", "get")
    assert not [label for label in own["metadata"]["labels"] if "aggregate-to" in label]


def bindings(manifests: list[Json], account: str = "venture") -> set[tuple[str, str | None, str]]:
    found = of_kind(manifests, "RoleBinding", "ClusterRoleBinding")
    subject = {"kind": "ServiceAccount", "name": account, "namespace": "venture-system"}
    return {
        (one["kind"], one["metadata"].get("namespace"), one["roleRef"]["name"])
        for one in found
        if one["subjects"] == [subject]
    }


CONTENT = "venture-control-plane-api"


def test_the_control_plane_api_may_do_this_and_nothing_else(manifests: list[Json]) -> None:
    name = f"venture.venture-system.{CONTENT.removeprefix('venture-')}"
    group = "venture.parpour.dev"
    assert rules(named(manifests, "ClusterRole", name)) == (
        allowed(group, "artifactbuilds", "get") | allowed(group, "workflows", "get")
    )
    assert rules(named(manifests, "ClusterRole", f"{name}.reviews")) == allowed(
        "authorization.k8s.io", "subjectaccessreviews", "create"
    )
    work = work_namespace(manifests)
    assert rules(named(manifests, "Role", CONTENT, work)) == (
        allowed("", "pods", "list") | allowed("", "pods/log", "get")
    )
    assert rules(named(manifests, "Role", CONTENT, "venture-system")) == allowed(
        "", "configmaps", "get", name="venture-signing-keys"
    )
    bound = bindings(manifests, CONTENT)
    assert ("RoleBinding", "kube-system", "extension-apiserver-authentication-reader") in bound
    groups = named(manifests, "ClusterRole", f"{name}.groups")
    assert rules(groups) == (
        allowed("", "groups", "impersonate", name="venture:founders")
        | allowed("", "groups", "impersonate", name="venture:finance")
    )
    # Kept by `venture account`; rules of the chart would take its own away at an upgrade.
    assert "rules" not in named(manifests, "ClusterRole", f"{name}.accounts")
    assert {role for _, _, role in bound} == {
        name,
        f"{name}.accounts",
        f"{name}.groups",
        f"{name}.reviews",
        CONTENT,
        "extension-apiserver-authentication-reader",
    }
    everywhere = ("ClusterRoleBinding", None, name)
    assert (everywhere in bound) != (("RoleBinding", "team-a", name) in bound)


def test_founders_as_a_group_may_name_freezes_and_read_none(manifests: list[Json]) -> None:
    """All else is bound to each of them by name, in namespaces."""
    bound = [
        each
        for each in of_kind(manifests, "RoleBinding", "ClusterRoleBinding")
        if {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "venture:founders"}
        in each["subjects"]
    ]
    assert [each["roleRef"]["name"] for each in bound] == ["venture.venture-system.freeze"]
    role = named(manifests, "ClusterRole", "venture.venture-system.freeze")
    assert rules(role) == allowed("venture.parpour.dev", "freezes", "create", "patch", "delete")
    finance = rules(named(manifests, "ClusterRole", "venture.venture-system.finance"))
    assert not allowed("venture.parpour.dev", "workflows", "create") & finance


def test_who_funds_wallets_may_make_tokens_of_one_account(manifests: list[Json]) -> None:
    treasurer = "venture-treasurer"
    assert rules(named(manifests, "Role", treasurer, "venture-system")) == (
        allowed("", "serviceaccounts/token", "create", name=treasurer)
        | allowed("", "configmaps", "get", name="venture-serving-ca")
        | allowed("", "services", "get", "list")
        | allowed("discovery.k8s.io", "endpointslices", "list")
        | allowed("", "pods/portforward", "get", "create")
    )
    assert bindings(manifests, treasurer) == set()


def test_who_binds_whom(manifests: list[Json]) -> None:
    """Nobody has rights who is not named here."""
    found = of_kind(manifests, "RoleBinding", "ClusterRoleBinding")
    subjects = {each["name"] for one in found for each in one["subjects"]}
    callers = {"venture-egress-proxy", "venture-policy-engine", "venture-treasury-api"}
    running = {each["metadata"]["name"] for each in of_kind(manifests, "Deployment")}
    callers |= running & {"venture-llm-gateway", "venture-tool-gateway"}
    asked = of_kind(manifests, "MutatingWebhookConfiguration")
    webhooks = {"venture-webhooks"} if asked else set()
    registers = of_kind(manifests, "APIService")
    looks = {"venture-preflight-api"} if registers else set()
    assert subjects == {"venture", CONTENT, "venture:founders", *webhooks, *callers, *looks}
    if looks:
        name = "venture.venture-system.preflight-api"
        assert bindings(manifests, *looks) == {("ClusterRoleBinding", None, name)}
        (registered,) = (each["metadata"]["name"] for each in registers)
        assert rules(named(manifests, "ClusterRole", name)) == allowed(
            "apiregistration.k8s.io", "apiservices", "get", name=registered
        )
    work = work_namespace(manifests)
    for account in callers:
        name = f"venture.venture-system.{account.removeprefix('venture-')}"
        assert rules(named(manifests, "ClusterRole", name)) == (
            allowed("authentication.k8s.io", "tokenreviews", "create")
            | allowed("venture.parpour.dev", "freezes", "get", "list", "watch")
        )
        assert rules(named(manifests, "Role", account, work)) == (
            allowed("", "pods", "get", "list", "watch")
        )
        assert bindings(manifests, account) == {
            ("ClusterRoleBinding", None, name),
            ("RoleBinding", work, account),
        }
    if not asked:
        return
    name = "venture.venture-system.webhooks"
    assert bindings(manifests, "venture-webhooks") == {("ClusterRoleBinding", None, name)}
    read = ("get", "list", "watch")
    seen = ("policybundles", "freezes", "moneyintents", "workflows")
    assert rules(named(manifests, "ClusterRole", name)) == set().union(
        *(allowed("venture.parpour.dev", each, *read) for each in seen)
    )


def test_by_default_the_operator_serves_every_namespace(render_chart: Render) -> None:
    assert bindings(render_chart("ci/production.yaml")) == {
        ("ClusterRoleBinding", None, "venture.venture-system"),
        ("ClusterRoleBinding", None, "venture.venture-system.cluster"),
        ("ClusterRoleBinding", None, "venture.venture-system.serving"),
        ("RoleBinding", WORK, "venture"),
        ("RoleBinding", WORK, "venture-serving"),
        ("RoleBinding", "venture-system", "venture"),
        ("RoleBinding", "venture-system", "venture-serving"),
    }


def test_named_namespaces_narrow_the_rights_to_them(render_chart: Render) -> None:
    manifests = render_chart("ci/namespaced.yaml")
    assert bindings(manifests) == {
        ("ClusterRoleBinding", None, "venture.venture-system.cluster"),
        ("RoleBinding", "team-a", "venture.venture-system"),
        ("RoleBinding", "team-b", "venture.venture-system"),
        ("RoleBinding", "team-jobs", "venture"),
        ("RoleBinding", "team-jobs", "venture-serving"),
        ("RoleBinding", "venture-system", "venture"),
        ("RoleBinding", "venture-system", "venture-serving"),
    }
    watched = operator_env(manifests)["VENTURE_WATCH_NAMESPACES"]["value"]
    assert json.loads(watched) == ["team-a", "team-b"]


def test_cluster_wide_names_tell_releases_apart(manifests: list[Json]) -> None:
    for manifest in manifests:
        if manifest["kind"] == "APIService":
            continue  # its name is that of the API
        if manifest["kind"] in CLUSTER_WIDE:
            assert manifest["metadata"]["name"].startswith("venture.venture-system")
        elif manifest["kind"] not in {"CustomResourceDefinition", "Namespace"}:
            assert manifest["metadata"]["namespace"]


def test_the_work_namespace_is_restricted_and_closed(render_chart: Render) -> None:
    manifests = render_chart("ci/production.yaml")
    namespace = named(manifests, "Namespace", WORK)
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    closed = named(manifests, "NetworkPolicy", "venture-closed")
    assert closed["metadata"]["namespace"] == WORK
    types = ["Ingress", "Egress"]
    assert closed["spec"] == {"podSelector": {}, "policyTypes": types, "ingress": [], "egress": []}


def test_equal_release_names_have_work_namespaces_of_their_own(render_chart: Render) -> None:
    """The full name is the same; the digest is that of the release's namespace with it."""
    digest = hashlib.sha256(b"venture-system/venture").hexdigest()[:8]
    assert work_namespace(render_chart("ci/production.yaml")) == f"venture-work-{digest}"


def test_a_work_namespace_of_ones_own_is_not_made(render_chart: Render) -> None:
    manifests = render_chart("ci/namespaced.yaml")
    assert of_kind(manifests, "Namespace") == []
    assert operator_env(manifests)["VENTURE_WORK_NAMESPACE"]["value"] == "team-jobs"
