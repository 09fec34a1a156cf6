"""Whom a change wakes that a watch tells: those whose decision may be another one now."""

from typing import Any

from venture_operator.domain.childstubs import pod_stub
from venture_operator.domain.labels import OWNER_KIND_LABEL, OWNER_LABEL, OWNER_NAMESPACE_LABEL
from venture_operator.services.intake import Intake, its_jobs_owner, its_owner
from venture_operator.storage.watched import WatchedObjects

type Body = dict[str, Any]
OWNER = {OWNER_KIND_LABEL: "ArtifactBuild", OWNER_NAMESPACE_LABEL: "team", OWNER_LABEL: "deck"}


class Pod:
    """A pod of a Job, as the watch tells of it again and again."""

    def __init__(self) -> None:
        self.woken: list[str] = []
        self.intake = Intake(WatchedObjects(), lambda each: self.woken.append(each.name), its_owner)
        self._version = 0

    def told(self, annotations: Body | None = None, **status: Any) -> list[str]:
        """Tell of a change; return who was woken by it."""
        self._version += 1
        self.woken.clear()
        metadata: Body = {"name": "p", "namespace": "work", "uid": "u", "labels": OWNER}
        metadata |= {"resourceVersion": str(self._version), "annotations": annotations or {}}
        metadata |= {"managedFields": [{"time": self._version}]}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}
        self.intake.changed(pod_stub(body))
        return list(self.woken)


def test_what_no_decision_reads_wakes_nobody() -> None:
    pod, ready = Pod(), {"type": "Ready", "status": "False", "reason": "ContainersNotReady"}
    assert pod.told(phase="Pending") == ["deck"]
    assert pod.told(phase="Pending", annotations={"cni.projectcalico.org/podIP": "10.0.0.1"}) == []
    assert pod.told(phase="Pending", podIP="10.0.0.1", conditions=[ready]) == []
    known = pod.intake.objects.all()
    assert [each["metadata"]["resourceVersion"] for each in known] == ["3"]


def test_what_a_decision_reads_wakes_its_owner() -> None:
    pod = Pod()
    pod.told(phase="Pending")
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    assert pod.told(phase="Pending", conditions=[unscheduled]) == ["deck"]
    ended = {"name": "compile", "state": {"terminated": {"exitCode": 0}}}
    assert pod.told(phase="Running", containerStatuses=[ended]) == ["deck"]
    pod.intake.deleted(pod.intake.objects.all()[0])
    assert pod.woken == ["deck", "deck"]


def test_a_pod_of_a_job_that_was_started_ahead_wakes_whoever_the_job_was_given_to() -> None:
    jobs, woken = WatchedObjects(), list[str]()
    concerned = its_jobs_owner(jobs, "batch.kubernetes.io/job-name")
    pods = Intake(WatchedObjects(), lambda each: woken.append(each.name), concerned)

    def told(version: str, phase: str) -> list[str]:
        woken.clear()
        labels = {"batch.kubernetes.io/job-name": "warm-1"}
        metadata: Body = {"name": "p", "namespace": "work", "uid": "u", "labels": labels}
        body = {"kind": "Pod", "metadata": metadata | {"resourceVersion": version}}
        pods.changed(body | {"status": {"phase": phase}})
        return list(woken)

    def job(version: str, labels: Body) -> Body:
        metadata: Body = {"name": "warm-1", "namespace": "work", "uid": "j", "labels": labels}
        return {"kind": "Job", "metadata": metadata | {"resourceVersion": version}}

    assert told("1", "Pending") == []
    jobs.put(job("1", {}))
    assert told("2", "Running") == []
    jobs.put(job("2", OWNER))
    assert told("3", "Succeeded") == ["deck"]
