"""The cluster's objects by founders' API: as the caller, once, and nothing of others."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from contentapi import SYSTEM
from founderapi import OBJECTS, hang_up, make_account, visiting
from venture_core.kubernetes.errors import ForbiddenError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, NAMESPACES, WORKFLOWS, Resource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from contentapi import ContentApi
    from founderapi import Visitor
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

AT_ONCE = 50


@pytest.fixture
async def alice(
    content_api: ContentApi, definitions: Path, namespace: str
) -> AsyncIterator[Visitor]:
    """A founder of the test's namespace, signed in."""
    async with founder(content_api, definitions, "Founder", namespace) as visitor:
        yield visitor


@pytest.fixture
async def elsewhere(client: KubernetesClient) -> str:
    """A namespace of others, with a Workflow `secret-plan`."""
    name = f"other-{secrets.token_hex(4)}"
    body: Body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.create(NAMESPACES, body)
    await client.create(WORKFLOWS, workflow("secret-plan"), name)
    return name


def founder(api: ContentApi, kubeconfig: Path, role: Any, namespace: str) -> Any:
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def signed_in() -> AsyncIterator[Visitor]:
        account = f"{role.lower()}-{secrets.token_hex(3)}"
        password = await make_account(kubeconfig, account, role, namespace)
        async with visiting(api) as visitor:
            assert (await visitor.sign_in(account, password)).status == 201
            yield visitor

    return signed_in()


def workflow(name: str | None = None) -> Body:
    task = {"name": "ask", "approval": {"message": "Go on?", "ttlSeconds": 600}}
    return {
        "apiVersion": WORKFLOWS.api_version,
        "kind": WORKFLOWS.kind,
        "metadata": {} if name is None else {"name": name},
        "spec": {"objective": "Try the API", "tasks": [task]},
    }


def path(namespace: str, plural: str = "workflows", name: str = "") -> str:
    return f"{OBJECTS}/namespaces/{namespace}/{plural}{name and '/'}{name}"


async def test_a_founder_runs_a_workflow_through_its_life(alice: Visitor, namespace: str) -> None:
    made = await alice("POST", path(namespace), workflow("launch"))
    assert made.status == 201, made.data
    one = path(namespace, name="launch")

    listed = await alice("GET", path(namespace))
    assert [each["metadata"]["name"] for each in listed.body["items"]] == ["launch"]

    merge = {"Content-Type": "application/merge-patch+json"}
    halted = await alice("PATCH", one, {"spec": {"suspend": True}}, headers=merge)
    assert (halted.status, halted.body["spec"]["suspend"]) == (200, True)

    stale = made.headers["etag"]
    late = {"If-Match": stale, **merge}
    lost = await alice("PATCH", one, {"spec": {"suspend": False}}, headers=late)
    assert (lost.status, lost.body["reason"]) == (412, "Conflict")

    assert (await alice("DELETE", one)).status == 428
    assert (await alice("DELETE", one, headers={"If-Match": stale})).status == 412
    now = (await alice("GET", one)).headers["etag"]
    assert (await alice("DELETE", one, headers={"If-Match": now})).status == 200
    assert (await alice("GET", one)).status == 404


async def test_the_same_request_at_the_same_time_makes_one_object(
    alice: Visitor, namespace: str
) -> None:
    key = {"Idempotency-Key": "the-launch-of-november"}
    answers = await asyncio.gather(
        *(alice("POST", path(namespace), workflow(), headers=key) for _ in range(AT_ONCE))
    )
    assert {each.status for each in answers} <= {200, 201}
    assert [each.status for each in answers].count(201) == 1
    assert len({each.body["metadata"]["uid"] for each in answers}) == 1
    listed = await alice("GET", path(namespace))
    assert len(listed.body["items"]) == 1

    other = workflow() | {"spec": {**workflow()["spec"], "objective": "Something else"}}
    reused = await alice("POST", path(namespace), other, headers=key)
    assert (reused.status, reused.body["type"].rpartition("/")[2]) == (
        409,
        "idempotency-key-reused",
    )


async def test_what_is_wrong_is_said_by_its_place(alice: Visitor, namespace: str) -> None:
    wrong = workflow("launch")
    wrong["spec"]["parallelism"] = 0
    answer = await alice("POST", path(namespace), wrong)
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["reason"] == "Invalid"
    assert "/spec/parallelism" in {each["pointer"] for each in answer.body["errors"]}


async def test_another_namespace_looks_the_same_whether_it_is_there_or_not(
    alice: Visitor, elsewhere: str
) -> None:
    async def said(namespace: str, name: str) -> str:
        answer = await alice("GET", path(namespace, name=name))
        assert answer.status == 403
        return str(answer.body["detail"]).replace(namespace, "NS").replace(name, "NAME")

    there = await said(elsewhere, "secret-plan")
    assert await said(elsewhere, "no-such-plan") == there
    assert await said("no-such-namespace", "secret-plan") == there
    for method, target, body in (
        ("GET", path(elsewhere), None),
        ("GET", f"{path(elsewhere)}?watch=true", None),
        ("GET", f"{OBJECTS}/workflows", None),
        ("POST", path(elsewhere), workflow("mine")),
        ("PATCH", path(elsewhere, name="secret-plan"), {"spec": {"suspend": True}}),
        ("GET", f"{OBJECTS}/freezes", None),
    ):
        answer = await alice(method, target, body)
        assert (answer.status, b"secret-plan" in answer.data) == (
            403,
            "secret-plan" in target,
        ), (method, target, answer.data)
    content = f"/apis/content.venture.parpour.dev/v1alpha1/namespaces/{elsewhere}/artifactbuilds"
    assert (await alice("GET", f"{content}/deck/log")).status == 403


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/namespaces/{namespace}/secrets",
        "/apis/venture.parpour.dev/v1alpha1/namespaces/{namespace}/secrets",
        "/apis/venture.parpour.dev/v1alpha1/namespaces/{namespace}%2f..%2f../workflows",
        "/apis/venture.parpour.dev/v1alpha1/namespaces/{namespace}/workflows/..%2f..%2fsecrets",
        "/apis/content.venture.parpour.dev/v1alpha1/accounts",
    ],
)
async def test_nothing_else_of_the_cluster_is_reached(
    alice: Visitor, namespace: str, target: str
) -> None:
    answer = await alice("GET", target.format(namespace=namespace))
    assert answer.status in (404, 422), answer.data


async def test_nobody_makes_a_founder_somebody_else(alice: Visitor, namespace: str) -> None:
    """Headers of the caller, whatever they are, do not reach the cluster."""
    headers = {
        "Impersonate-User": "admin",
        "Impersonate-Group": "system:masters",
        "X-Remote-User": "admin",
        "X-Remote-Group": "system:masters",
        "Host": "elsewhere.example.com",
        "X-Forwarded-Host": "elsewhere.example.com",
    }
    answer = await alice("GET", f"{OBJECTS}/workflows", headers=headers)
    assert answer.status == 403
    assert "venture:founder-" in answer.body["detail"]
    made = await alice("POST", path(namespace), workflow("launch"), headers=headers)
    assert b"elsewhere" not in made.data + repr(made.headers).encode()


async def test_the_api_itself_may_act_as_founders_only(
    content_api: ContentApi, alice: Visitor, namespace: str
) -> None:
    """Whoever has its token gets no further."""
    assert (await alice("GET", "/v1/session")).status == 200
    from venture_core.kubernetes.client import KubernetesClient

    async with KubernetesClient.from_kubeconfig(str(content_api.kubeconfig)) as stolen:
        for headers in (
            {"Impersonate-User": "admin", "Impersonate-Group": "system:masters"},
            {"Impersonate-User": "system:admin"},
            {"Impersonate-User": f"system:serviceaccount:{SYSTEM}:venture"},
            {"Impersonate-User": "venture:nobody-made-this"},
            {"Impersonate-User": "venture:nobody", "Impersonate-Group": "system:masters"},
        ):
            answer = await stolen.connection.exchange(
                "GET", WORKFLOWS.path(namespace), seconds=60, headers=headers
            )
            assert (answer.status, b"cannot impersonate" in answer.body) == (403, True), headers
        with pytest.raises(ForbiddenError):
            await stolen.list(Resource("", "v1", "secrets", "Secret"), namespace)


async def test_a_finance_controller_sees_and_starts_nothing(
    content_api: ContentApi, definitions: Path, alice: Visitor, namespace: str
) -> None:
    await alice("POST", path(namespace), workflow("launch"))
    async with founder(content_api, definitions, "Finance", namespace) as frank:
        seen = await frank("GET", path(namespace))
        assert [each["metadata"]["name"] for each in seen.body["items"]] == ["launch"]
        assert (await frank("POST", path(namespace), workflow("mine"))).status == 403
        change = {"spec": {"shutdown": "Terminate"}}
        assert (await frank("PATCH", path(namespace, name="launch"), change)).status == 403


async def test_the_inbox_says_what_waits_and_whose_word_counts(
    alice: Visitor,
    content_api: ContentApi,
    definitions: Path,
    client: KubernetesClient,
    namespace: str,
    elsewhere: str,
) -> None:
    inbox = f"/v1/namespaces/{namespace}/inbox"
    assert (await alice("GET", inbox)).body == {"items": [], "complete": True}
    user = (await alice("GET", "/v1/session")).body["user"]
    body = workflow("launch")
    body["spec"]["requester"] = {"user": user}
    made = await client.create(WORKFLOWS, body, namespace)
    digest = f"sha256:{'1' * 64}"
    asks: Body = {"phase": "Running", "reason": "AwaitingApproval", "targetDigest": digest}
    asks["approvals"] = {"required": 2, "granted": 1, "by": ["venture:bob"]}
    status = {"status": {"phase": "Running", "tasks": [{"name": "ask", **asks}]}}
    await client.patch(WORKFLOWS, "launch", status, namespace, subresource="status")

    (own,) = (await alice("GET", inbox)).body["items"]
    assert own.pop("objection") == f"{user} asked for it, and nobody's own word counts"
    assert own == {
        "kind": "Workflow",
        "name": "launch",
        "uid": made["metadata"]["uid"],
        "task": "ask",
        "digest": digest,
        "what": "Go on?",
        "granted": "1/2",
        "requester": user,
    }
    async with founder(content_api, definitions, "Finance", namespace) as frank:
        (waits,) = (await frank("GET", inbox)).body["items"]
        assert waits["objection"] == ""
    assert (await alice("GET", f"/v1/namespaces/{elsewhere}/inbox")).status == 403


async def test_a_watch_tells_what_becomes_of_objects(
    alice: Visitor, client: KubernetesClient, namespace: str
) -> None:
    # A server that has just begun says 429 until it has read the kind's objects; this waits for it.
    await client.list(WORKFLOWS, namespace)
    async with alice.session.get(
        f"{alice.url}{path(namespace)}?watch=true&timeoutSeconds=5",
        headers={"Authorization": f"Bearer {alice.token}"},
        ssl=alice.tls,
        server_hostname="venture-control-plane-api.venture-system.svc",
    ) as answer:
        assert answer.status == 200
        await client.create(WORKFLOWS, workflow("launch"), namespace)
        line = await asyncio.wait_for(answer.content.readline(), timeout=60)
        hang_up(answer)
    assert b'"ADDED"' in line
    assert b'"launch"' in line


async def test_who_asks_too_often_waits(alice: Visitor) -> None:
    answers = await asyncio.gather(*(alice("GET", "/v1/session") for _ in range(150)))
    refused = [each for each in answers if each.status == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1


async def test_bodies_are_bounded(alice: Visitor, namespace: str) -> None:
    assert await alice.announce("POST", path(namespace), 10_000_000) == 413
    assert (await alice("POST", path(namespace), b"[" * 100_000)).status == 400
    assert (await alice("POST", path(namespace, ARTIFACT_BUILDS.plural), b"7")).status == 400
