"""What a Job and its pod tell: still running, done with a result, or failed and why.

The pod's termination message is read as soon as the container ends: waiting for the Job's own
Complete condition would add a second or two to every build.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from venture_core.artifacts.jobcontract import (
    EXIT_TRANSIENT,
    EXIT_USER_ERROR,
    CompileJobResult,
    InvalidResultError,
    JobArtifact,
    parse_result,
)

from venture_operator.domain.labels import CACHE_KEY_ANNOTATION, DOCUMENT_ANNOTATION

type Body = Mapping[str, Any]

SIGNAL_EXIT_BASE = 128


@dataclass(frozen=True, slots=True)
class JobRunning:
    """Not finished; `message` says what it waits for, empty while its container runs."""

    name: str
    cache_key: str
    message: str


@dataclass(frozen=True, slots=True)
class JobSucceeded:
    """The container exited 0 and left a result that parses."""

    name: str
    cache_key: str
    document_sha256: str
    finished_at: datetime
    artifact: JobArtifact
    result: CompileJobResult


@dataclass(frozen=True, slots=True)
class JobFailed:
    """It will not finish. `user_error` failures are not retried: the input has to change."""

    name: str
    reason: str
    message: str
    user_error: bool = False
    result: CompileJobResult | None = None


type JobOutcome = JobRunning | JobSucceeded | JobFailed


def job_outcome(job: Body, pods: Iterable[Body]) -> JobOutcome:
    """Map a Job and its pods (any order; the newest counts) to what they mean."""
    name = job["metadata"]["name"]
    pod = max(pods, key=lambda each: str(each["metadata"]["creationTimestamp"]), default=None)
    terminated = _terminated(pod)
    if terminated is not None and (ended := _container_ended(job, terminated)):
        return ended
    if failure := _job_failure(name, job, pod):
        return failure
    if job["metadata"].get("deletionTimestamp"):
        return JobFailed(name, "JobDeleted", f"Job {name} was deleted before it finished")
    return JobRunning(name, _annotation(job, CACHE_KEY_ANNOTATION), _waiting_message(pod))


def _terminated(pod: Body | None) -> Body | None:
    statuses = (pod or {}).get("status", {}).get("containerStatuses") or [{}]
    terminated: Body | None = statuses[0].get("state", {}).get("terminated")
    return terminated


def _annotation(job: Body, name: str) -> str:
    value: str = job["metadata"].get("annotations", {}).get(name, "")
    return value


def _container_ended(job: Body, terminated: Body) -> JobOutcome | None:
    """Return what the container's end means, None where only the Job knows (it was killed)."""
    name = job["metadata"]["name"]
    code = terminated.get("exitCode", 0)
    if terminated.get("reason") == "OOMKilled":
        message = "the compile Job ran out of memory: raise its limit or make the document smaller"
        return JobFailed(name, "OutOfMemory", message)
    if code > SIGNAL_EXIT_BASE:
        return None
    try:
        result = parse_result(terminated.get("message", ""))
    except InvalidResultError as error:
        message = f"the compile Job ended with exit code {code} and no readable result: {error}"
        return JobFailed(name, "CompilerCrashed", message)
    if code == 0 and result.artifact is not None:
        return JobSucceeded(
            name=name,
            cache_key=_annotation(job, CACHE_KEY_ANNOTATION),
            document_sha256=_annotation(job, DOCUMENT_ANNOTATION),
            finished_at=datetime.fromisoformat(terminated["finishedAt"]),
            artifact=result.artifact,
            result=result,
        )
    if code in {EXIT_USER_ERROR, EXIT_TRANSIENT} and result.error is not None:
        where = f" at {result.error.pointer}" if result.error.pointer else ""
        return JobFailed(
            name,
            result.error.reason,
            f"{result.error.stage}: {result.error.message}{where}",
            user_error=code == EXIT_USER_ERROR,
            result=result,
        )
    return JobFailed(name, "CompilerCrashed", f"the compile Job ended with exit code {code}")


def _job_failure(name: str, job: Body, pod: Body | None) -> JobFailed | None:
    failed = next(
        (
            each
            for each in job.get("status", {}).get("conditions", [])
            if each["type"] in {"Failed", "FailureTarget"} and each["status"] == "True"
        ),
        None,
    )
    if failed is None:
        return None
    if failed.get("reason") == "DeadlineExceeded":
        waited = _waiting_message(pod)
        detail = f" ({waited})" if waited else ""
        return JobFailed(name, "Timeout", f"the compile Job exceeded its time limit{detail}")
    status = (pod or {}).get("status", {})
    disruption = next(
        (
            each
            for each in status.get("conditions", [])
            if each["type"] == "DisruptionTarget" and each["status"] == "True"
        ),
        None,
    )
    if disruption is not None:
        message = f"the compile pod was disrupted: {disruption.get('message', 'no message')}"
        return JobFailed(name, "PodDisrupted", message)
    if pod is None or _was_deleted(pod):
        return JobFailed(name, "PodLost", f"the pod of Job {name} was deleted or lost")
    reason = status.get("reason") or failed.get("reason", "Unknown")
    message = status.get("message") or failed.get("message", "no message")
    return JobFailed(name, "PodFailed", f"the compile pod failed ({reason}): {message}")


def _was_deleted(pod: Body) -> bool:
    """Tell a pod that somebody deleted from one that failed and says why.

    The first has no end of its own, or one that the Job controller wrote into it while it went.
    """
    status = pod.get("status", {})
    going = bool(pod["metadata"].get("deletionTimestamp"))
    return status.get("phase") != "Failed" or (going and not status.get("reason"))


def _waiting_message(pod: Body | None) -> str:
    """Return what keeps the pod from running, as Kubernetes says it; empty when nothing does."""
    if pod is None:
        return ""
    status = pod.get("status", {})
    for container in status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting")
        if waiting and waiting.get("reason") not in {"ContainerCreating", "PodInitializing"}:
            return f"{waiting.get('reason')}: {waiting.get('message', '')}".rstrip(": ")
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{condition.get('reason')}: {condition.get('message', '')}".rstrip(": ")
    return ""
