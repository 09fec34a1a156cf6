"""What a Job and its pods mean, as the Job controller and the kubelet write them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from venture_core.artifacts.deck.target import PPTX
from venture_core.artifacts.gates import CONTRAST
from venture_core.artifacts.jobcontract import (
    CompileJobResult,
    JobArtifact,
    JobError,
    JobGateResult,
    Stage,
)
from venture_core.artifacts.paged.toolchain import PAGED
from venture_core.artifacts.report.target import PDF
from venture_operator.domain.childstubs import job_stub, pod_stub
from venture_operator.domain.podoutcome import (
    Ended,
    Lost,
    LostReason,
    PodOutcome,
    Running,
    Waiting,
    pod_outcome,
)
from venture_operator.kinds.artifactbuild.outcome import (
    JobFailed,
    JobSucceeded,
    Remedy,
    job_outcome,
)

type Body = dict[str, Any]
TIME = "2026-11-23T12:00:00Z"
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
JOB_UID = "the-job"
IMAGE = "example.com/venture/compiler:1"


def job(*conditions: Body, deleting: bool = False) -> Body:
    metadata: Body = {"name": "deck-compile-1-x", "uid": JOB_UID, "creationTimestamp": TIME}
    if deleting:
        metadata["deletionTimestamp"] = TIME
    return {"metadata": metadata, "status": {"conditions": list(conditions)}}


def failed(reason: str, kind: str = "Failed") -> Body:
    condition = {"type": kind, "status": "True", "reason": reason, "message": "said the Job"}
    return condition | {"lastTransitionTime": TIME}


def pod(
    state: Body | None = None,
    *,
    created: str = TIME,
    controller: str = JOB_UID,
    container: str = "compile",
    **status: Any,
) -> Body:
    containers = [{"name": container, "state": state}] if state else []
    owner = {"kind": "Job", "uid": controller, "controller": True}
    return {
        "metadata": {"creationTimestamp": created, "ownerReferences": [owner]},
        "status": {"containerStatuses": containers} | status,
    }


# What a pending pod looks like that was deleted by force while the Job controller held it.
DELETED = pod(phase="Failed")
DELETED["metadata"]["deletionTimestamp"] = TIME


def ended(code: int, message: str = "", reason: str = "Error") -> Body:
    terminated = {"exitCode": code, "message": message, "reason": reason, "finishedAt": TIME}
    return {"terminated": terminated}


def outcome(given: Body, pods: list[Body]) -> PodOutcome:
    outcome = pod_outcome(given, pods, "compile")
    # What is kept of them says the same.
    assert pod_outcome(job_stub(given), map(pod_stub, pods), "compile") == outcome
    return outcome


def test_a_container_that_ended_counts_before_the_job_says_so() -> None:
    assert outcome(job(), [pod(ended(0, "a result", "Completed"))]) == Ended(0, "a result", AT)


@pytest.mark.parametrize(
    ("given_job", "pods", "reason"),
    [
        (job(), [pod(ended(137, "", "OOMKilled"))], LostReason.OUT_OF_MEMORY),
        (job(failed("DeadlineExceeded")), [pod(ended(143))], LostReason.TIMEOUT),
        (job(failed("DeadlineExceeded")), [pod({"running": {}})], LostReason.TIMEOUT),
        (job(failed("DeadlineExceeded", "FailureTarget")), [], LostReason.WAITING_FOR_POD),
        (
            job(failed("DeadlineExceeded")),
            [pod({"waiting": {"reason": "ErrImagePull"}})],
            LostReason.WAITING_FOR_POD,
        ),
        (job(failed("BackoffLimitExceeded")), [], LostReason.POD_LOST),
        (job(failed("BackoffLimitExceeded")), [pod(phase="Pending")], LostReason.POD_LOST),
        (job(failed("BackoffLimitExceeded")), [DELETED], LostReason.POD_LOST),
        (
            job(failed("BackoffLimitExceeded")),
            [pod(conditions=[{"type": "DisruptionTarget", "status": "True", "message": "gone"}])],
            LostReason.POD_DISRUPTED,
        ),
        (
            job(failed("BackoffLimitExceeded")),
            [pod(phase="Failed", reason="Evicted", message="disk")],
            LostReason.POD_FAILED,
        ),
        (job(deleting=True), [], LostReason.JOB_DELETED),
    ],
)
def test_what_will_not_end_by_itself_is_told_apart(
    given_job: Body, pods: list[Body], reason: LostReason
) -> None:
    found = outcome(given_job, pods)
    assert isinstance(found, Lost)
    assert found.reason is reason
    assert found.message
    assert found.at == AT


def test_a_killed_container_waits_for_what_the_job_says_of_it() -> None:
    assert isinstance(outcome(job(), [pod(ended(143))]), Running)


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([], Waiting(AT, "", has_pod=False)),
        ([pod({"running": {"startedAt": TIME}})], Running(AT)),
        ([pod({"waiting": {"reason": "ContainerCreating"}})], Waiting(AT, "", has_pod=True)),
        (
            [pod({"waiting": {"reason": "ImagePullBackOff", "message": "no image"}})],
            Waiting(AT, "ImagePullBackOff: no image", has_pod=True),
        ),
        (
            [pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "No room"}])],
            Waiting(AT, "No room", has_pod=True),
        ),
    ],
)
def test_what_has_not_ended_waits_or_runs(pods: list[Body], expected: PodOutcome) -> None:
    assert outcome(job(), pods) == expected


def test_the_newest_pod_counts() -> None:
    old = pod(ended(1), created="2026-11-23T11:00:00Z")
    new = pod({"running": {}}, created="2026-11-23T12:00:00Z")
    assert isinstance(outcome(job(), [old, new]), Running)


def test_a_pod_that_the_job_does_not_control_says_nothing() -> None:
    """Anybody can put our labels on a pod; the uid of its controller is not theirs to choose."""
    foreign = pod(ended(0, "a forged result"), controller="another-job")
    unowned = pod(ended(0, "a forged result"))
    unowned["metadata"]["ownerReferences"][0]["controller"] = False
    assert outcome(job(), [foreign, unowned]) == Waiting(AT, "", has_pod=False)


def test_a_sidecar_does_not_speak_for_the_container() -> None:
    both = pod(ended(0, "a result"))
    sidecar = {"name": "proxy", "state": {"running": {}}}
    both["status"]["containerStatuses"].insert(0, sidecar)
    assert isinstance(outcome(job(), [both]), Ended)
    alone = pod(ended(0, "a forged result"), container="proxy")
    assert isinstance(outcome(job(), [alone]), Waiting)


def result(**fields: Any) -> CompileJobResult:
    artifact = JobArtifact(sha256="a" * 64, size_bytes=1, media_type=PPTX.formats[0].media_type)
    given = {"artifact": artifact, "toolchain": PPTX.toolchain.id} | fields
    return CompileJobResult(**given)


def error(reason: str = "GateFailed") -> CompileJobResult:
    said = JobError(stage=Stage.GATE, reason=reason, message="too pale", pointer="/slides/1")
    return CompileJobResult(error=said, toolchain="whichever")


def after(code: int, said: CompileJobResult | str) -> object:
    message = said if isinstance(said, str) else said.to_message().decode()
    return job_outcome("deck", JOB_UID, "Pptx", IMAGE, Ended(code, message, AT))


@pytest.mark.parametrize(
    ("toolchain", "is_ours"),
    [
        (PAGED.id_on(IMAGE), True),
        (PAGED.id_on("another/compiler:1"), False),
        (PAGED.id, False),
        (PDF.toolchain.id, True),
        (PDF.toolchain.id + PAGED.id_on(IMAGE).removeprefix(PAGED.id), False),
        (PPTX.toolchain.id, False),
    ],
)
def test_what_another_image_or_toolchain_made_is_refused(toolchain: str, *, is_ours: bool) -> None:
    pdf = JobArtifact(sha256="a" * 64, size_bytes=1, media_type=PDF.formats[0].media_type)
    said = result(artifact=pdf, toolchain=toolchain).to_message().decode()
    found = job_outcome("deck", JOB_UID, "Pdf", IMAGE, Ended(0, said, AT))
    assert isinstance(found, JobSucceeded) == is_ours


def test_a_result_with_an_artifact_is_a_success() -> None:
    found = after(0, result())
    assert isinstance(found, JobSucceeded)
    assert (found.uid, found.finished_at, found.artifact.sha256) == (JOB_UID, AT, "a" * 64)


@pytest.mark.parametrize(
    ("code", "said", "reason", "remedy"),
    [
        (10, error(), "GateFailed", Remedy.USER),
        (20, error("UploadFailed"), "TransferFailed", Remedy.AGAIN),
        (20, error(), "TransferFailed", Remedy.AGAIN),
        (10, error("ToolchainMismatch"), "ToolchainMismatch", Remedy.PLATFORM),
        (10, error("NobodyKnowsThis"), "CompilerCrashed", Remedy.AGAIN),
        (10, error("Built"), "CompilerCrashed", Remedy.AGAIN),
        (1, "Traceback …", "CompilerCrashed", Remedy.AGAIN),
        (0, "", "CompilerCrashed", Remedy.AGAIN),
        (0, error(), "CompilerCrashed", Remedy.AGAIN),
        (0, "[" * 2000, "CompilerCrashed", Remedy.AGAIN),
    ],
)
def test_failures_are_told_apart(
    code: int, said: CompileJobResult | str, reason: str, remedy: Remedy
) -> None:
    found = after(code, said)
    assert isinstance(found, JobFailed)
    assert (found.reason, found.remedy) == (reason, remedy)
    assert found.message


def gate(name: str, *, passed: bool = True) -> JobGateResult:
    return JobGateResult(name=name, passed=passed)


@pytest.mark.parametrize(
    "forged",
    [
        result(gates=tuple(gate(f"g{number}") for number in range(17))),
        result(gates=(gate(CONTRAST), gate(CONTRAST))),
        result(gates=(gate(""),)),
        result(gates=(gate(CONTRAST, passed=False),)),
        result(toolchain="another"),
        result(artifact=JobArtifact(sha256="a" * 64, size_bytes=1, media_type="text/html")),
    ],
)
def test_a_result_that_no_compiler_writes_is_refused(forged: CompileJobResult) -> None:
    found = after(0, forged)
    assert isinstance(found, JobFailed)
    assert found.reason == "ResultRefused"


def test_a_gate_failure_says_stage_and_place() -> None:
    found = after(10, error())
    assert isinstance(found, JobFailed)
    assert found.message == "Gate: too pale at /slides/1"
