"""What a Job and its pods say of one container: it waits, runs, ended, or never will.

The container's end is read as soon as the pod tells it: waiting for the Job's own Complete
condition would add a second or two to every Job. A pod counts when the Job is its controller, by
uid: a label proves nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

type Body = Mapping[str, Any]

SIGNAL_EXIT_BASE = 128
_STARTING = frozenset({"ContainerCreating", "PodInitializing"})


class LostReason(Enum):
    """Why a container will not end by itself."""

    OUT_OF_MEMORY = "OutOfMemory"
    TIMEOUT = "Timeout"
    WAITING_FOR_POD = "WaitingForPod"
    JOB_DELETED = "JobDeleted"
    POD_LOST = "PodLost"
    POD_DISRUPTED = "PodDisrupted"
    POD_FAILED = "PodFailed"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The container has not started; `message` says what it waits for, empty while it is early."""

    since: datetime
    message: str
    has_pod: bool


@dataclass(frozen=True, slots=True)
class Running:
    """The container runs."""

    started_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """The container ended by itself: its exit code and the message it left."""

    exit_code: int
    message: str
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Lost:
    """It will not end by itself any more. `at` is when that came, where it is known."""

    reason: LostReason
    message: str
    at: datetime | None = None


type PodOutcome = Waiting | Running | Ended | Lost


def pod_outcome(job: Body, pods: Iterable[Body], container: str) -> PodOutcome:
    """Map a Job and whatever pods there are to what they mean for its container of that name."""
    pod = _newest(each for each in pods if _is_controlled_by(each, job["metadata"]["uid"]))
    state = _state(pod, container)
    terminated: Body | None = state.get("terminated")
    if terminated is not None and (ended := _ended(terminated)):
        return ended
    if failed := _failure(job, pod, terminated, container):
        return failed
    metadata = job["metadata"]
    if gone := metadata.get("deletionTimestamp"):
        name = metadata["name"]
        return Lost(
            LostReason.JOB_DELETED, f"Job {name} was deleted before it finished", _time(gone)
        )
    if (running := state.get("running")) is not None:
        return Running(_time(running.get("startedAt") or metadata["creationTimestamp"]))
    if terminated is not None:
        # It was killed, and only the Job knows why: it will say so in a moment.
        return Running(_time(terminated.get("startedAt") or metadata["creationTimestamp"]))
    since = _time(metadata["creationTimestamp"])
    return Waiting(since, _waiting_message(pod, state), has_pod=pod is not None)


def _newest(pods: Iterable[Body]) -> Body | None:
    return max(pods, key=lambda each: str(each["metadata"]["creationTimestamp"]), default=None)


def _is_controlled_by(pod: Body, uid: str) -> bool:
    references = pod["metadata"].get("ownerReferences") or []
    return any(each.get("controller") and each.get("uid") == uid for each in references)


def _state(pod: Body | None, container: str) -> Body:
    statuses: Iterable[Body] = ((pod or {}).get("status") or {}).get("containerStatuses") or ()
    found: Body = next((each for each in statuses if each.get("name") == container), {})
    state: Body = found.get("state") or {}
    return state


def _ended(terminated: Body) -> Ended | Lost | None:
    """Return what the container's end means, None where only the Job knows (it was killed)."""
    code, at = int(terminated.get("exitCode", 0)), _time(terminated["finishedAt"])
    if terminated.get("reason") == "OOMKilled":
        message = "the Job ran out of memory: raise its limit or make its work smaller"
        return Lost(LostReason.OUT_OF_MEMORY, message, at)
    if code > SIGNAL_EXIT_BASE:
        return None
    return Ended(code, str(terminated.get("message", "")), at)


def _failure(job: Body, pod: Body | None, terminated: Body | None, container: str) -> Lost | None:
    failed = _condition(job, "Failed") or _condition(job, "FailureTarget")
    if failed is None:
        return None
    name = job["metadata"]["name"]
    at = _time(failed["lastTransitionTime"]) if failed.get("lastTransitionTime") else None
    if failed.get("reason") == "DeadlineExceeded":
        state = _state(pod, container)
        if terminated is None and "running" not in state:
            waited = _waiting_message(pod, state) or "no pod was started"
            return Lost(LostReason.WAITING_FOR_POD, waited, at)
        return Lost(LostReason.TIMEOUT, f"Job {name} ran longer than it may", at)
    if (disruption := _condition(pod, "DisruptionTarget")) is not None:
        message = f"the pod was disrupted: {disruption.get('message', 'no message')}"
        return Lost(LostReason.POD_DISRUPTED, message, at)
    if pod is None or _was_deleted(pod):
        return Lost(LostReason.POD_LOST, f"the pod of Job {name} was deleted or lost", at)
    status = pod.get("status", {})
    reason = status.get("reason") or failed.get("reason", "Unknown")
    message = status.get("message") or failed.get("message", "no message")
    return Lost(LostReason.POD_FAILED, f"the pod failed ({reason}): {message}", at)


def _condition(body: Body | None, kind: str) -> Body | None:
    status: Body = (body or {}).get("status") or {}
    found: Iterable[Body] = status.get("conditions") or ()
    return next((each for each in found if each["type"] == kind and each["status"] == "True"), None)


def _was_deleted(pod: Body) -> bool:
    """Tell a pod that somebody deleted from one that failed and says why.

    The first has no end of its own, or one that the Job controller wrote into it while it went.
    """
    status = pod.get("status", {})
    going = bool(pod["metadata"].get("deletionTimestamp"))
    return status.get("phase") != "Failed" or (going and not status.get("reason"))


def _waiting_message(pod: Body | None, state: Body) -> str:
    """Return what keeps the container from running, as Kubernetes says it; empty if nothing."""
    if pod is None:
        return ""
    waiting = state.get("waiting")
    if waiting and waiting.get("reason") not in _STARTING:
        return _sentence(waiting)
    for condition in pod.get("status", {}).get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return _sentence(condition)
    return ""


def _sentence(said: Body) -> str:
    return f"{said.get('reason')}: {said.get('message', '')}".rstrip(": ")


def _time(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)
