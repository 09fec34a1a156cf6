"""What the API server refuses by itself, with every webhook away: false names, and freezes."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
import yaml
from venture_crds.v1alpha1.moneyintent import MoneyIntent
from venture_crds.v1alpha1.workflow import Workflow
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GROUP: Final = "/apis/venture.parpour.dev/v1alpha1"
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
DIGEST: Final = "sha256:" + "0" * 64
PEOPLE: Final = {
    "alice": ("founders",),
    "bob": (),
    "eve": (),
    "system:serviceaccount:team:robot": ("system:serviceaccounts",),
    "system:serviceaccount:venture-system:venture": ("system:serviceaccounts",),
}

type Json = dict[str, Any]


@pytest.fixture(scope="module")
def policies(
    crds_installed: None, render_chart: Callable[..., list[Json]], kubectl: Any
) -> Iterator[None]:
    """Install the chart's policies; they go with this module: others write as they like."""
    del crds_installed
    rendered = render_chart("ci/dev.yaml")
    ours = ("approvals", "requesters", "freezes", "labels")
    found = [
        each
        for each in rendered
        if each["kind"].startswith("ValidatingAdmissionPolicy")
        and each["metadata"]["name"].endswith(ours)
    ]
    assert len(found) == 8
    manifest = yaml.safe_dump_all(found)
    applied = kubectl("apply", "-f", "-", manifest=manifest)
    assert applied.returncode == 0, applied.stderr
    yield
    kubectl("delete", "-f", "-", manifest=manifest)


class Cluster:
    """Sends requests as anybody."""

    def __init__(self, api: Any) -> None:
        self.api = api

    async def send(self, user: str, method: str, path: str, body: Json | None = None) -> Json:
        headers = [("Content-Type", "application/json"), ("Impersonate-User", user)]
        if method == "PATCH":
            headers[0] = ("Content-Type", "application/merge-patch+json")
        groups = (*PEOPLE[user], "system:authenticated")
        headers += [("Impersonate-Group", group) for group in groups]
        async with self.api.session.request(
            method, path, data=None if body is None else json.dumps(body), headers=headers
        ) as response:
            answer: Json = await response.json(content_type=None)
            return answer | {"code": response.status}

    async def approve(self, user: str, **changes: Any) -> Json:
        spec = {
            "targetRef": {"kind": "MoneyIntent", "name": "ads", "uid": str(uuid4())},
            "targetDigest": DIGEST,
            "decision": "Approve",
            "approver": {"user": user},
        }
        path = f"{GROUP}/namespaces/{self.api.namespace}/approvals"
        body = {
            "apiVersion": "venture.parpour.dev/v1alpha1",
            "kind": "Approval",
            "metadata": {"generateName": "a-"},
            "spec": spec | changes,
        }
        return await self.send(user, "POST", path, body)

    async def freeze(self, user: str, scope: Json) -> Json:
        body = {
            "apiVersion": "venture.parpour.dev/v1alpha1",
            "kind": "Freeze",
            "metadata": {"generateName": "f-"},
            "spec": {"scope": scope, "mode": "Freeze", "reason": "something that nobody knows"},
        }
        return await self.send(user, "POST", f"{GROUP}/freezes", body)


@pytest.fixture
async def cluster(api: Any, policies: None) -> Cluster:
    """Give people their rights, and wait until the policies hold."""
    del policies
    own, where = f"r-{uuid4().hex[:8]}", api.namespace

    def rule(resources: list[str], *verbs: str) -> Json:
        return {
            "apiGroups": ["venture.parpour.dev"],
            "resources": resources,
            "verbs": list(verbs),
        }

    async def grant(name: str, users: list[str], rules: list[Json], namespace: str = "") -> None:
        prefix, kind = "", "ClusterRole"
        if namespace:
            prefix, kind = f"/namespaces/{namespace}", "Role"
        await api.call(
            "POST", f"{RBAC}{prefix}/{kind.lower()}s", {"metadata": {"name": name}, "rules": rules}
        )
        await api.call(
            "POST",
            f"{RBAC}{prefix}/{kind.lower()}bindings",
            {
                "metadata": {"name": name},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
                "subjects": [
                    {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
                    for user in users
                ],
            },
        )

    everyone = list(PEOPLE)
    await grant(own, everyone, [rule(["approvals", "workflows", "moneyintents"], "create")], where)
    approvers = ["alice", "system:serviceaccount:team:robot"]
    targets = rule(["moneyintents", "workflows"], "approve")
    await grant(f"{own}-approve", approvers, [targets], where)
    verbs = ("create", "update", "patch", "delete")
    await grant(f"{own}-freezes", everyone, [rule(["freezes"], *verbs)])
    await grant(f"{own}-here", ["alice"], [rule(["freezes"], "freeze")], where)
    await grant(f"{own}-all", ["bob"], [rule(["freezes"], "freeze")])
    found = Cluster(api)
    # A policy holds some moments after it was created, and so does a right.
    for user, code in (("eve", 403), ("alice", 201)):
        await patiently(partial(found.approve, user), lambda seen, code=code: seen["code"] == code)
    return found


def refused(answer: Json, words: str) -> None:
    assert answer["code"] in {403, 422}, answer
    assert words in answer["message"], answer


async def test_nobody_approves_in_another_name_or_without_the_right(cluster: Cluster) -> None:
    refused(await cluster.approve("alice", approver={"user": "bob"}), "nobody approves in another")
    refused(await cluster.approve("alice", approver=None), "spec.approver.user has to be alice")
    groups = {"user": "alice", "groups": ["founders", "finance"]}
    refused(await cluster.approve("alice", approver=groups), "not a member of")
    ok = await cluster.approve("alice", approver={"user": "alice", "groups": ["founders"]})
    assert ok["code"] == 201, ok
    refused(await cluster.approve("eve"), "eve may not approve moneyintents here")
    robot = "system:serviceaccount:team:robot"
    refused(await cluster.approve(robot), "only people approve")


@pytest.mark.parametrize("kind", [Workflow, MoneyIntent])
async def test_nobody_asks_in_another_name_but_the_operator(
    cluster: Cluster, kind: type[Workflow | MoneyIntent]
) -> None:
    body = yaml.safe_load(kind.kind_info.examples[0].manifest)
    path = f"{GROUP}/namespaces/{cluster.api.namespace}/{kind.kind_info.plural}"

    async def ask(user: str, requester: Json | None) -> Json:
        spec = {key: value for key, value in body["spec"].items() if key != "requester"}
        if requester is not None:
            spec["requester"] = requester
        named = body | {"metadata": {"generateName": "x-"}, "spec": spec}
        return await cluster.send(user, "POST", path, named)

    refused(await ask("alice", {"user": "bob"}), "spec.requester.user has to be alice")
    refused(await ask("alice", None), "nobody asks in another name")
    groups = {"user": "alice", "groups": ["founders", "finance"]}
    refused(await ask("alice", groups), "not a member of")
    assert (await ask("alice", {"user": "alice", "groups": ["founders"]}))["code"] == 201
    operator = "system:serviceaccount:venture-system:venture"
    assert (await ask(operator, {"user": "bob"}))["code"] == 201


async def test_an_approval_never_changes(cluster: Cluster) -> None:
    made = await cluster.approve("alice")
    path = f"{GROUP}/namespaces/{cluster.api.namespace}/approvals/{made['metadata']['name']}"
    causes = await cluster.api.refusal(
        cluster.api.call(
            "PATCH",
            path,
            {"spec": {"decision": "Deny"}},
            content_type="application/merge-patch+json",
        )
    )
    assert "an Approval never changes" in causes[0]["message"]


async def test_freezing_takes_the_right_where_it_holds(cluster: Cluster) -> None:
    here, everywhere = {"namespace": cluster.api.namespace}, {"all": True}
    refused(await cluster.freeze("eve", here), "eve may not freeze or thaw namespace")
    refused(await cluster.freeze("alice", everywhere), "may not freeze or thaw everything")
    refused(await cluster.freeze("alice", {"namespace": "other"}), "namespace other")
    for user, scope in (("alice", here), ("bob", here), ("bob", everywhere)):
        made = await cluster.freeze(user, scope)
        assert made["code"] == 201, made
        path = f"{GROUP}/freezes/{made['metadata']['name']}"
        refused(await cluster.send(user, "DELETE", path), "say first what was done")
        note = {"metadata": {"annotations": {"venture.parpour.dev/remediation": "short"}}}
        assert (await cluster.send(user, "PATCH", path, note))["code"] == 200
        refused(await cluster.send(user, "DELETE", path), "say first what was done")
        said = {"venture.parpour.dev/remediation": "the merchant was taken out of the bundle"}
        refused(
            await cluster.send("eve", "PATCH", path, {"metadata": {"annotations": said}}),
            "eve may not freeze or thaw",
        )
        patched = await cluster.send(user, "PATCH", path, {"metadata": {"annotations": said}})
        assert patched["code"] == 200, patched
        refused(await cluster.send("eve", "DELETE", path), "eve may not freeze or thaw")
        assert (await cluster.send(user, "DELETE", path))["code"] == 200


async def test_only_the_operator_writes_our_labels_where_jobs_run(
    cluster: Cluster, render_chart: Callable[..., list[Json]]
) -> None:
    work = next(
        each["metadata"]["name"]
        for each in render_chart("ci/dev.yaml")
        if each["kind"] == "Namespace"
    )
    api, account = cluster.api, "agent"
    await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": work}})
    path = f"/api/v1/namespaces/{work}"
    await api.call("POST", f"{path}/serviceaccounts", {"metadata": {"name": account}})

    def pod(**labels: str) -> Json:
        restricted = {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        container = {"name": "a", "image": "none", "securityContext": restricted}
        spec = {"serviceAccountName": account, "containers": [container]}
        ours = {f"venture.parpour.dev/{name}": value for name, value in labels.items()}
        return {"metadata": {"generateName": "p-", "labels": ours}, "spec": spec}

    async def create(body: Json) -> Json:
        # Even the cluster's administrator, as whom the test speaks.
        async with api.session.post(f"{path}/pods", json=body) as response:
            answer: Json = await response.json()
            return answer | {"code": response.status}

    said = await patiently(
        lambda: create(pod(owner="launch")), lambda answer: answer["code"] != 201
    )
    refused(said, "only the operator writes labels")
    made = await create(pod())
    assert made["code"] == 201, made
    change = {"metadata": {"labels": {"venture.parpour.dev/owner": "launch"}}}
    async with api.session.patch(
        f"{path}/pods/{made['metadata']['name']}",
        json=change,
        headers={"Content-Type": "application/merge-patch+json"},
    ) as response:
        refused(await response.json() | {"code": response.status}, "only the operator writes")
