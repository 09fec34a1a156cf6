"""What a Job and its pod mean, as the Job controller and the kubelet write them."""

from typing import Any

import pytest
from venture_core.artifacts.jobcontract import CompileJobResult, JobArtifact, JobError, Stage
from venture_operator.domain.jobs import JobFailed, JobRunning, JobSucceeded, job_outcome

type Body = dict[str, Any]
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
TIME = "2026-11-23T12:00:00Z"


def job(*conditions: Body, deleting: bool = False) -> Body:
    metadata: Body = {
        "name": "deck-compile-1-x",
        "annotations": {
            "venture.parpour.dev/cache-key": "sha256:1",
            "venture.parpour.dev/document-sha256": "2",
        },
    }
    if deleting:
        metadata["deletionTimestamp"] = TIME
    return {"metadata": metadata, "status": {"conditions": list(conditions)}}


def failed(reason: str, kind: str = "Failed") -> Body:
    return {"type": kind, "status": "True", "reason": reason, "message": "said the Job"}


def pod(state: Body | None = None, *, created: str = TIME, **status: Any) -> Body:
    containers = [{"name": "compile", "state": state}] if state else []
    return {
        "metadata": {"creationTimestamp": created},
        "status": {"containerStatuses": containers} | status,
    }


# What a pending pod looks like that was deleted by force while the Job controller held it.
DELETED = pod(phase="Failed")
DELETED["metadata"]["deletionTimestamp"] = TIME


def ended(code: int, message: str = "", reason: str = "Error") -> Body:
    terminated = {"exitCode": code, "message": message, "reason": reason, "finishedAt": TIME}
    return {"terminated": terminated}


def artifact_message() -> str:
    artifact = JobArtifact(sha256="a" * 64, size_bytes=1, media_type="x")
    return CompileJobResult(artifact=artifact, toolchain="t").to_message().decode()


def error_message() -> str:
    error = JobError(stage=Stage.GATE, reason="GateFailed", message="too pale", pointer="/slides/1")
    return CompileJobResult(error=error, toolchain="t").to_message().decode()


def test_a_container_that_exits_0_with_a_result_has_succeeded_before_the_job_says_so() -> None:
    outcome = job_outcome(job(), [pod(ended(0, artifact_message(), "Completed"))])
    assert isinstance(outcome, JobSucceeded)
    assert (outcome.cache_key, outcome.document_sha256) == ("sha256:1", "2")
    assert outcome.artifact.sha256 == "a" * 64


@pytest.mark.parametrize(
    ("given_job", "pods", "reason", "user_error"),
    [
        (job(), [pod(ended(10, error_message()))], "GateFailed", True),
        (job(), [pod(ended(20, error_message()))], "GateFailed", False),
        (job(), [pod(ended(137, "", "OOMKilled"))], "OutOfMemory", False),
        (job(), [pod(ended(1, "Traceback …"))], "CompilerCrashed", False),
        (job(), [pod(ended(0, ""))], "CompilerCrashed", False),
        (job(), [pod(ended(0, error_message()))], "CompilerCrashed", False),
        (job(failed("DeadlineExceeded")), [pod(ended(143))], "Timeout", False),
        (job(failed("DeadlineExceeded", "FailureTarget")), [], "Timeout", False),
        (job(failed("BackoffLimitExceeded")), [], "PodLost", False),
        (job(failed("BackoffLimitExceeded")), [pod(phase="Pending")], "PodLost", False),
        (job(failed("BackoffLimitExceeded")), [DELETED], "PodLost", False),
        (
            job(failed("BackoffLimitExceeded")),
            [pod(conditions=[{"type": "DisruptionTarget", "status": "True", "message": "gone"}])],
            "PodDisrupted",
            False,
        ),
        (
            job(failed("BackoffLimitExceeded")),
            [pod(phase="Failed", reason="Evicted", message="disk")],
            "PodFailed",
            False,
        ),
        (job(deleting=True), [], "JobDeleted", False),
    ],
)
def test_failures_are_told_apart(
    given_job: Body, pods: list[Body], reason: str, user_error: bool
) -> None:
    outcome = job_outcome(given_job, pods)
    assert isinstance(outcome, JobFailed)
    assert (outcome.reason, outcome.user_error) == (reason, user_error)
    assert outcome.message


def test_a_gate_failure_says_stage_and_place() -> None:
    outcome = job_outcome(job(), [pod(ended(10, error_message()))])
    assert isinstance(outcome, JobFailed)
    assert outcome.message == "Gate: too pale at /slides/1"


def test_a_killed_container_waits_for_what_the_job_says_of_it() -> None:
    assert isinstance(job_outcome(job(), [pod(ended(143))]), JobRunning)


@pytest.mark.parametrize(
    ("pods", "message"),
    [
        ([], ""),
        ([pod({"running": {}})], ""),
        ([pod({"waiting": {"reason": "ContainerCreating"}})], ""),
        (
            [pod({"waiting": {"reason": "ImagePullBackOff", "message": "no image"}})],
            "ImagePullBackOff: no image",
        ),
        (
            [
                pod(
                    conditions=[
                        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
                    ]
                )
            ],
            "Unschedulable",
        ),
    ],
)
def test_a_running_job_says_what_it_waits_for(pods: list[Body], message: str) -> None:
    outcome = job_outcome(job(), pods)
    assert isinstance(outcome, JobRunning)
    assert outcome.message == message


def test_the_newest_pod_counts() -> None:
    old = pod(ended(1), created="2026-11-23T11:00:00Z")
    new = pod({"running": {}}, created="2026-11-23T12:00:00Z")
    assert isinstance(job_outcome(job(), [old, new]), JobRunning)
