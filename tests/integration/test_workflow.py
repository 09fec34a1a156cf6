"""Workflows through the real operator process, against a real API server, S3 and the record."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from approvalwords import say
from builds import condition, patiently
from policybundles import manifest
from venture_core.kubernetes.resources import (
    ARTIFACT_BUILDS,
    CONFIG_MAPS,
    POLICY_BUNDLES,
    WORKFLOWS,
)
from venture_operator.domain.names import child_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg
    from kubelet import Kubelet
    from operatorprocess import OperatorProcess
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]


def deck(title: str) -> Body:
    slide = {"type": "title", "title": title}
    return {"kind": "SlideSpec", "version": 1, "title": title, "slides": [slide]}


def artifact(name: str, title: str, *depends_on: str) -> Body:
    order = {"target": "Pptx", "source": {"inline": deck(title)}}
    return {"name": name, "dependsOn": list(depends_on), "artifact": order}


class Workflows:
    """Workflows of the test's namespace."""

    def __init__(self, client: KubernetesClient, namespace: str) -> None:
        self.client = client
        self.namespace = namespace

    async def create(self, *tasks: Body, **spec: object) -> Body:
        """Create the Workflow `launch`, once the bundle governs."""
        await patiently(
            lambda: self.client.get(POLICY_BUNDLES, "default", self.namespace),
            lambda body: (body or {}).get("status", {}).get("phase") == "Published",
        )
        body = {
            "apiVersion": WORKFLOWS.api_version,
            "kind": WORKFLOWS.kind,
            "metadata": {"name": "launch"},
            "spec": {"objective": "Launch", "tasks": list(tasks), **spec},
        }
        return await self.client.create(WORKFLOWS, body, self.namespace, strict=True)

    async def patch(self, **spec: object) -> None:
        """Change fields of the spec."""
        await self.client.patch(WORKFLOWS, "launch", {"spec": spec}, self.namespace)

    async def get(self) -> Body:
        """Return the Workflow."""
        body = await self.client.get(WORKFLOWS, "launch", self.namespace)
        assert body is not None
        return body

    async def until(self, kind: str) -> Body:
        """Wait until a condition is true; return the Workflow."""
        return await patiently(self.get, lambda body: condition(body, kind).get("status") == "True")


@pytest.fixture
async def workflows(client: KubernetesClient, namespace: str) -> Workflows:
    allow = {"id": "ok", "appliesTo": ["Workflow"], "when": "true", "action": "Allow"}
    forbid = {
        "id": "no-gambling",
        "appliesTo": ["Workflow"],
        "when": "spec.objective == 'Gamble'",
        "action": "Deny",
    }
    ask = {
        "id": "large",
        "appliesTo": ["Workflow"],
        "when": "spec.objective == 'Conquer'",
        "action": "RequireApproval",
        "quorum": 1,
    }
    rules = [{**each, "message": "as agreed"} for each in (allow, forbid, ask)]
    await client.create(POLICY_BUNDLES, manifest(rules=rules), namespace)
    return Workflows(client, namespace)


async def has_input(kubelet: Kubelet, job: Body) -> bool:
    try:
        await kubelet.input_of(job)
    except AssertionError:
        return False
    return True


async def succeed(kubelet: Kubelet, count: int) -> None:
    """Have the newest of so many compile Jobs succeed, once its input is there."""
    jobs = await patiently(kubelet.jobs, lambda found: len(found) >= count)

    await patiently(lambda: has_input(kubelet, jobs[-1]), bool)
    await kubelet.succeed(jobs[-1], f"deck {count}".encode())


def phases(body: Body) -> dict[str, str]:
    return {each["name"]: each["phase"] for each in body["status"].get("tasks", ())}


async def events(superuser: asyncpg.Connection, uid: str) -> Sequence[str]:
    rows = await superuser.fetch(
        "SELECT convert_from(canonical, 'UTF8')::jsonb ->> 'event_type' AS type FROM record.events "
        "WHERE workflow_id = $1 ORDER BY seq",
        uid,
    )
    return [row["type"] for row in rows]


async def test_decks_are_built_one_after_the_other_with_the_values_of_what_came_before(
    operator: OperatorProcess,
    workflows: Workflows,
    kubelet: Kubelet,
    client: KubernetesClient,
    superuser: asyncpg.Connection,
) -> None:
    appendix = artifact(
        "appendix", "To ${inputs.quarter}, ${tasks.update.output.sizeBytes} bytes", "update"
    )
    created = await workflows.create(
        artifact("update", "Update ${inputs.quarter} $${kept}"),
        appendix,
        inputs=[{"name": "quarter", "value": "${tasks.update.output.uri}"}],
    )
    await succeed(kubelet, 1)
    await succeed(kubelet, 2)
    done = await workflows.until("Ready")

    assert condition(done, "Succeeded")["reason"] == "Completed"
    assert done["status"]["policyBundle"]["name"] == "default"
    assert done["status"]["progress"] == "2/2"
    assert done["status"]["phase"] == "Succeeded"
    uri = done["status"]["tasks"][0]["output"]["uri"]
    assert uri.startswith("s3://venture/artifacts/sha256/")
    builds = {
        each["metadata"]["labels"]["venture.parpour.dev/task"]: each
        for each in await client.list(ARTIFACT_BUILDS, workflows.namespace)
    }
    titles = {name: each["spec"]["source"]["inline"]["title"] for name, each in builds.items()}
    assert titles == {
        # An input that looks like a reference is a text like any other.
        "update": "Update ${tasks.update.output.uri} ${kept}",
        "appendix": "To ${tasks.update.output.uri}, 6 bytes",
    }
    (owner,) = builds["update"]["metadata"]["ownerReferences"]
    assert owner["uid"] == created["metadata"]["uid"]
    assert await events(superuser, created["metadata"]["uid"]) == [
        "workflow.run.requested.v1",
        "task.run.queued.v1",
        "task.run.queued.v1",
        "workflow.run.started.v1",
        "task.run.started.v1",
        "task.run.succeeded.v1",
        "task.run.started.v1",
        "task.run.succeeded.v1",
        "workflow.run.completed.v1",
    ]


async def test_a_failure_blocks_what_depends_on_it_until_a_retry(
    operator: OperatorProcess, workflows: Workflows, kubelet: Kubelet, client: KubernetesClient
) -> None:
    wrong = artifact("wrong", "Wrong")
    wrong["artifact"]["source"] = {"configMapRef": {"name": "ir", "key": "ir.json"}}
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "ir"},
        "data": {"ir.json": "{}"},
    }
    await client.create(CONFIG_MAPS, config, workflows.namespace)
    await workflows.create(wrong, artifact("after", "After", "wrong"), artifact("other", "Other"))
    await succeed(kubelet, 1)
    failed = await workflows.until("Stalled")

    assert phases(failed) == {"wrong": "Failed", "after": "Blocked", "other": "Succeeded"}
    assert condition(failed, "Stalled")["reason"] == "TasksFailed"
    assert "InvalidDocument" in condition(failed, "Stalled")["message"]

    right = {"data": {"ir.json": json.dumps(deck("Right"))}}
    await client.patch(CONFIG_MAPS, "ir", right, workflows.namespace)
    await workflows.patch(retry="mended")
    await succeed(kubelet, 2)
    await succeed(kubelet, 3)
    done = await workflows.until("Ready")

    assert {each["name"]: each["attempt"] for each in done["status"]["tasks"]} == {
        "wrong": 2,
        "after": 1,
        "other": 1,
    }


async def test_terminate_deletes_what_runs(
    operator: OperatorProcess, workflows: Workflows, kubelet: Kubelet, client: KubernetesClient
) -> None:
    await workflows.create(artifact("one", "One"), artifact("two", "Two", "one"))
    await patiently(kubelet.jobs, lambda found: len(found) == 1)
    await workflows.patch(shutdown="Terminate")
    ended = await workflows.until("Stalled")

    assert phases(ended) == {"one": "Cancelled", "two": "Cancelled"}
    assert ended["status"]["phase"] == "Cancelled"
    await patiently(kubelet.jobs, lambda found: found == [])
    assert await client.list(ARTIFACT_BUILDS, workflows.namespace) == []


async def test_an_operator_that_dies_in_between_builds_nothing_twice(
    operator: OperatorProcess, workflows: Workflows, kubelet: Kubelet, client: KubernetesClient
) -> None:
    await workflows.create(*(artifact(f"t{number}", f"Deck {number}") for number in range(3)))
    await patiently(lambda: client.list(ARTIFACT_BUILDS, workflows.namespace), bool)
    await operator.kill()
    await operator.start()
    jobs = await patiently(kubelet.jobs, lambda found: len(found) >= 3)
    for number, job in enumerate(jobs):
        await patiently(lambda job=job: has_input(kubelet, job), bool)
        await kubelet.succeed(job, f"deck {number}".encode())
    done = await workflows.until("Ready")

    assert [each["attempt"] for each in done["status"]["tasks"]] == [1, 1, 1]
    assert len(await client.list(ARTIFACT_BUILDS, workflows.namespace)) == 3


async def test_what_others_made_under_the_name_of_a_child_does_not_count(
    operator: OperatorProcess, workflows: Workflows, client: KubernetesClient, kubelet: Kubelet
) -> None:
    await workflows.create(artifact("one", "One"), suspend=True)
    suspended = await patiently(
        workflows.get, lambda body: body.get("status", {}).get("phase") == "Suspended"
    )
    uid = suspended["metadata"]["uid"]
    name = child_name("launch", f"{uid}/one", "one", 1)
    forged = {
        "apiVersion": ARTIFACT_BUILDS.api_version,
        "kind": ARTIFACT_BUILDS.kind,
        "metadata": {
            "name": name,
            "ownerReferences": [
                {
                    "apiVersion": WORKFLOWS.api_version,
                    "kind": WORKFLOWS.kind,
                    "name": "launch",
                    "uid": uid,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": {"target": "Pptx", "source": {"inline": deck("Forged")}},
    }
    await client.create(ARTIFACT_BUILDS, forged, workflows.namespace)
    await workflows.patch(suspend=False)
    failed = await workflows.until("Stalled")

    assert failed["status"]["tasks"][0]["reason"] == "ChildRefused"


async def test_what_the_bundle_forbids_starts_nothing(
    operator: OperatorProcess, workflows: Workflows, client: KubernetesClient
) -> None:
    await workflows.create(artifact("one", "One"), objective="Gamble")
    refused = await workflows.until("Stalled")

    assert condition(refused, "Stalled")["reason"] == "PolicyDenies"
    assert "rule no-gambling" in condition(refused, "Stalled")["message"]
    assert await client.list(ARTIFACT_BUILDS, workflows.namespace) == []


async def test_what_a_rule_lets_people_decide_begins_when_they_agree_and_ends_when_one_does_not(
    operator: OperatorProcess, workflows: Workflows, client: KubernetesClient, kubelet: Kubelet
) -> None:
    asked = {"objective": "Conquer", "requester": {"user": "founder"}}
    await workflows.create(artifact("one", "One"), **asked)
    digest = None
    for decision in ("Deny", "Approve"):

        def anew(body: Body, known: str | None = digest) -> bool:
            status = body.get("status", {})
            return status.get("phase") == "Waiting" and status["targetDigest"] != known

        waiting = await patiently(workflows.get, anew)
        assert condition(waiting, "Ready")["reason"] == "AwaitingApproval"
        assert "rule large asks people" in condition(waiting, "Ready")["message"]
        assert await client.list(ARTIFACT_BUILDS, workflows.namespace) == []
        digest = waiting["status"]["targetDigest"]
        await say(client, waiting, digest, "founder", "Approve")
        await say(client, waiting, digest, "alice", decision)
        if decision == "Deny":
            ended = await workflows.until("Stalled")
            assert condition(ended, "Stalled")["reason"] == "ApprovalDenied"
            assert "targetDigest" not in ended["status"]
            await workflows.patch(retry="again")
    await patiently(kubelet.jobs, bool)
    begun = await workflows.get()
    assert begun["status"]["approvals"] == {"required": 1, "granted": 1, "by": ["alice"]}
    assert begun["status"]["decision"]["rule"] == "large"
