"""ArtifactBuilds whose document, Job, upload, operator or record fails."""

from typing import TYPE_CHECKING

import pytest
from builds import Body, Builds, condition, deck, patiently
from operatorprocess import OperatorProcess
from venture_core.artifacts.jobcontract import EXIT_TRANSIENT, EXIT_USER_ERROR, Stage
from venture_core.kubernetes.resources import JOBS, LEASES

if TYPE_CHECKING:
    from pathlib import Path

    from kubelet import Kubelet
    from pydantic import SecretStr
    from recordservers import PostgresServer
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import S3Settings


async def test_a_bad_document_stalls_in_one_reconcile_and_says_where(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet
) -> None:
    document = deck("bad") | {"slides": [{"type": "title", "titel": "typo"}]}
    await builds.create("bad", source={"inline": document})
    stalled = await builds.until("bad", "Stalled")

    assert condition(stalled, "Stalled")["reason"] == "InvalidDocument"
    assert "/slides/0/titel" in condition(stalled, "Stalled")["message"]
    assert stalled["status"]["phase"] == "Failed"
    assert await kubelet.jobs() == []


async def test_a_failed_gate_stalls_with_its_findings(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet
) -> None:
    await builds.create("deck")
    job = await kubelet.next_job()
    await kubelet.fail(job, exit_code=EXIT_USER_ERROR, stage=Stage.GATE, reason="GateFailed")
    stalled = await builds.until("deck", "Stalled")

    assert condition(stalled, "Stalled")["reason"] == "GateFailed"
    assert condition(stalled, "Stalled")["message"] == "Gate: it went wrong at /slides/0"


async def test_a_transient_failure_gets_another_attempt(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, client: KubernetesClient
) -> None:
    await builds.create("deck")
    first = await kubelet.next_job()
    await kubelet.fail(first, exit_code=EXIT_TRANSIENT, stage=Stage.EXPORT, reason="UploadFailed")
    waiting = await patiently(
        lambda: builds.get("deck"), lambda body: body["status"].get("failures") == 1
    )
    assert condition(waiting, "Reconciling")["reason"] == "TransferFailed"
    assert "retryAt" in waiting["status"]
    gone = await patiently(kubelet.jobs, lambda jobs: first["metadata"]["name"] not in names(jobs))
    assert gone is not None

    second = await kubelet.next_job()
    assert second["metadata"]["name"] != first["metadata"]["name"]
    await kubelet.succeed(second, b"second try")
    ready = await builds.until("deck", "Ready")
    assert ready["status"]["job"]["attempt"] == 2


def names(bodies: list[Body]) -> set[str]:
    return {body["metadata"]["name"] for body in bodies}


async def test_a_lying_upload_is_never_signed(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet
) -> None:
    await builds.create("deck")
    await kubelet.succeed(await kubelet.next_job(), b"evil", reported=b"good")
    waiting = await patiently(
        lambda: builds.get("deck"), lambda body: body["status"].get("failures") == 1
    )
    assert condition(waiting, "Reconciling")["reason"] == "UploadMismatch"
    assert "artifact" not in waiting["status"]


async def test_a_deleted_job_is_noticed_and_replaced(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, client: KubernetesClient
) -> None:
    await builds.create("deck")
    job = await kubelet.next_job()
    await builds.until("deck", "Reconciling")
    await client.delete(JOBS, job["metadata"]["name"], job["metadata"]["namespace"])
    waiting = await patiently(
        lambda: builds.get("deck"), lambda body: body["status"].get("failures") == 1
    )
    assert condition(waiting, "Reconciling")["reason"] == "JobDeleted"
    await kubelet.succeed(await kubelet.next_job(), b"after all")
    await builds.until("deck", "Ready")


@pytest.mark.parametrize(
    ("ending", "reason"), [("OOMKilled", "OutOfMemory"), ("DeadlineExceeded", "Timeout")]
)
async def test_memory_and_time_limits_get_one_more_try_then_stall(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, ending: str, reason: str
) -> None:
    async def run_out(job: Body) -> None:
        if ending == "OOMKilled":
            await kubelet.end(await kubelet.start(job), exit_code=137, reason=ending)
        else:
            await kubelet.run(await kubelet.start(job))
            await kubelet.fail_job(job, ending)

    await builds.create("deck")
    first = await kubelet.next_job()
    await run_out(first)
    await patiently(
        kubelet.jobs, lambda jobs: bool(jobs) and first["metadata"]["name"] not in names(jobs)
    )
    await run_out(await kubelet.next_job())
    stalled = await builds.until("deck", "Stalled")
    assert condition(stalled, "Stalled")["reason"] == reason
    assert "gave up after 2 attempts" in condition(stalled, "Stalled")["message"]


async def test_a_second_replica_takes_over_after_a_kill(
    operator: OperatorProcess,
    builds: Builds,
    kubelet: Kubelet,
    client: KubernetesClient,
    tmp_path: Path,
    api_server: Path,
    s3_settings: S3Settings,
    database: SecretStr,
) -> None:
    await builds.create("deck")
    job = await kubelet.next_job()
    standby = OperatorProcess(
        kubeconfig=api_server,
        namespace=builds.namespace,
        s3=s3_settings,
        signing_key=tmp_path / "key.pem",
        log=tmp_path / "standby.log",
        work_namespace=f"{builds.namespace}-work",
        database=database,
    )
    await standby.start()
    await patiently(lambda: standby.get("/readyz"), lambda answer: answer[0] == 200)
    await operator.kill()
    await kubelet.succeed(job, b"deck")
    await builds.until("deck", "Ready")
    lease = await client.get(LEASES, "venture", builds.namespace)
    assert lease is not None
    assert lease["spec"]["leaseTransitions"] == 1
    assert len(await kubelet.jobs()) == 1

    assert await standby.terminate() == 0
    lease = await client.get(LEASES, "venture", builds.namespace)
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == ""


async def test_without_the_record_nothing_starts(
    operator: OperatorProcess,
    builds: Builds,
    kubelet: Kubelet,
    postgres: PostgresServer,
) -> None:
    await builds.create("first")
    await kubelet.next_job()
    postgres.kill()
    try:
        await builds.create("second")
        waiting = await builds.until("second", "Reconciling")
        assert condition(waiting, "Reconciling")["reason"] == "RecordUnavailable"
        assert len(await kubelet.jobs()) == 1
    finally:
        await postgres.start()
    await kubelet.succeed(await kubelet.next_job(2), b"second")
    await builds.until("second", "Ready")
