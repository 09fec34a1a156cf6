"""Plays the Job controller and the kubelet: gives Jobs a pod, and pods an end."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
from venture_core.artifacts.jobcontract import (
    CompileJobInput,
    CompileJobResult,
    JobArtifact,
    JobError,
    JobGateResult,
    JobThumbnail,
    JobUpload,
    Stage,
    parse_input,
)
from venture_core.kubernetes.resources import JOBS, PODS, SECRETS
from venture_operator.builders.owners import owner_reference
from waiting import patiently

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

UPLOAD_SECONDS = 240
"""How long a store may be silent in an upload: it writes hundreds of MiB before it answers."""
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


class Kubelet:
    """Runs the pods of the work namespace the way a test wants them to end."""

    def __init__(self, client: KubernetesClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    async def jobs(self) -> list[Body]:
        """Return the Jobs of the namespace, oldest first."""
        jobs = await self._client.list(JOBS, self._namespace)
        return sorted(jobs, key=lambda job: int(job["metadata"]["resourceVersion"]))

    async def find(self, name: str) -> Body:
        """Return the Job of that name."""
        job = await self._client.get(JOBS, name, self._namespace)
        assert job is not None
        return job

    async def input_of(self, job: Body) -> CompileJobInput:
        """Return the request that the Job's container would read."""
        return parse_input(await self._file(job, "request.json"))

    async def worker_of(self, job: Body) -> bytes:
        """Return what the container of a Job would read that is started ahead."""
        return await self._file(job, "worker.json")

    async def document_of(self, job: Body) -> bytes:
        """Return the document that the Job's container would read."""
        return await self._file(job, "ir.json")

    async def _file(self, job: Body, name: str) -> bytes:
        secret = await self._client.get(SECRETS, job["metadata"]["name"], self._namespace)
        assert secret is not None
        assert secret["immutable"] is True
        return base64.b64decode(secret["data"][name])

    async def next_job(self, count: int = 1) -> Body:
        """Wait until there are `count` Jobs, and for the input of the youngest; return that."""
        job = (await patiently(self.jobs, lambda found: len(found) >= count))[-1]
        await patiently(lambda: self.has_input(job), bool)
        return job

    async def has_input(self, job: Body) -> bool:
        """Say whether the request that the Job's container reads is there."""
        name = job["metadata"]["name"]
        return await self._client.get(SECRETS, name, self._namespace) is not None

    async def start(self, job: Body) -> Body:
        """Create the pod of a Job."""
        template = job["spec"]["template"]
        name = job["metadata"]["name"]
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-pod",
                "labels": template["metadata"]["labels"] | {"batch.kubernetes.io/job-name": name},
                "ownerReferences": [owner_reference(job)],
            },
            "spec": template["spec"],
        }
        return await self._client.create(PODS, body, self._namespace)

    async def succeed(
        self,
        job: Body,
        artifact: bytes,
        *,
        reported: bytes | None = None,
        media_type: str = MEDIA_TYPE,
        thumbnail: bytes | None = None,
        drawn: bytes | None = None,
    ) -> None:
        """Upload `artifact` and end the pod with a result about `reported` (default: the same).

        So it goes with the `thumbnail`, of which `drawn` is reported.
        """
        request = await self.input_of(job)
        assert (await upload(request, artifact)).is_success
        if thumbnail is not None:
            assert request.thumbnail is not None
            assert (await upload_by(request.thumbnail, thumbnail)).is_success
        told = artifact if reported is None else reported
        await self.report(job, told, media_type, drawn or thumbnail)

    async def report(
        self,
        job: Body,
        told: bytes,
        media_type: str = MEDIA_TYPE,
        drawn: bytes | None = None,
    ) -> None:
        """End the pod with a result about these bytes, wherever they are."""
        request = await self.input_of(job)
        result = CompileJobResult(
            artifact=JobArtifact(
                sha256=hashlib.sha256(told).hexdigest(), size_bytes=len(told), media_type=media_type
            ),
            thumbnail=drawn
            and JobThumbnail(sha256=hashlib.sha256(drawn).hexdigest(), size_bytes=len(drawn)),
            gates=(JobGateResult(name="contrast", passed=True),),
            toolchain=request.toolchain,
        )
        pod = await self.start(job)
        await self.end(pod, exit_code=0, message=result.to_message().decode())

    async def fail(self, job: Body, *, exit_code: int, stage: Stage, reason: str) -> None:
        """End the pod with an error result."""
        request = await self.input_of(job)
        error = JobError(stage=stage, reason=reason, message="it went wrong", pointer="/slides/0")
        result = CompileJobResult(error=error, toolchain=request.toolchain)
        pod = await self.start(job)
        await self.end(pod, exit_code=exit_code, message=result.to_message().decode())

    async def pod_of(self, job: Body) -> Body:
        """Return the pod that was created for a Job, as it is now."""
        pod = await self._client.get(PODS, f"{job['metadata']['name']}-pod", self._namespace)
        assert pod is not None
        return pod

    async def run(self, pod: Body) -> None:
        """Say that the pod's container runs."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        await self._say(pod, "Running", {"running": {"startedAt": now}})

    async def end(
        self, pod: Body, *, exit_code: int, message: str = "", reason: str = "Completed"
    ) -> None:
        """Write the end of the pod's container into its status."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        terminated = {
            "exitCode": exit_code,
            "reason": reason,
            "message": message,
            "startedAt": now,
            "finishedAt": now,
        }
        await self._say(pod, "Failed" if exit_code else "Succeeded", {"terminated": terminated})

    async def _say(self, pod: Body, phase: str, state: Body) -> None:
        name = pod["spec"]["containers"][0]["name"]
        container = {"name": name, "image": "x", "imageID": "x", "restartCount": 0}
        container |= {"ready": "running" in state, "state": state}
        await self._client.patch(
            PODS,
            pod["metadata"]["name"],
            {"status": {"phase": phase, "containerStatuses": [container]}},
            self._namespace,
            subresource="status",
        )

    async def fail_job(self, job: Body, reason: str) -> None:
        """Give the Job the conditions that the Job controller gives one that failed."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        common = {"status": "True", "reason": reason, "message": "told by the test"}
        common |= {"lastTransitionTime": now, "lastProbeTime": now}
        status = {
            "startTime": now,
            "failed": 1,
            "conditions": [{"type": "FailureTarget", **common}, {"type": "Failed", **common}],
        }
        await self._client.patch(
            JOBS,
            job["metadata"]["name"],
            {"status": status},
            self._namespace,
            subresource="status",
        )


async def upload(request: CompileJobInput, artifact: bytes) -> httpx2.Response:
    """Send bytes by the form of the request, whoever sends them."""
    return await upload_by(request.upload, artifact)


async def upload_by(form: JobUpload, data: bytes) -> httpx2.Response:
    """Send bytes by one of its forms."""
    async with httpx2.AsyncClient(timeout=UPLOAD_SECONDS) as http:
        return await http.post(form.url, data=form.fields, files={"file": ("artifact", data)})
