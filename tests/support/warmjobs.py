"""Compile Jobs that are started ahead, each a process of this machine, as a kubelet runs it."""

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from kubelet import Kubelet

type Body = dict[str, Any]

WORKER = "venture.parpour.dev/worker"
OWNER_UID = "venture.parpour.dev/owner-uid"


class WarmJob:
    """One of them: its Job, its pod and its process."""

    def __init__(self, kubelet: Kubelet, job: Body, pod: Body, folder: Path) -> None:
        self._kubelet = kubelet
        self._pod = pod
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.job = job
        self.name: str = job["metadata"]["name"]

    async def start(self, worker: bytes) -> None:
        """Start the process, and wait until it is ready."""
        (self._folder / "input").mkdir(parents=True)
        (self._folder / "input" / "worker.json").write_bytes(worker)
        (self._folder / "termination-log").touch()
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "venture_artifact_compiler",
                stdout=log,
                env={
                    **os.environ,
                    "VENTURE_INPUT_FOLDER": str(self._folder / "input"),
                    "VENTURE_TERMINATION_LOG": str(self._folder / "termination-log"),
                },
            )
        await patiently(self.events, lambda told: "waiting" in told)

    async def events(self) -> list[str]:
        """Return what the process has logged."""
        lines = (self._folder / "log").read_text().splitlines()
        return [json.loads(line)["event"] for line in lines]

    async def ended(self) -> None:
        """Wait for the end of the process, and tell it as the kubelet does."""
        assert self._process is not None
        code = await asyncio.wait_for(self._process.wait(), 60)
        message = (self._folder / "termination-log").read_text()
        await self._kubelet.end(self._pod, exit_code=code, message=message)

    async def kill(self) -> None:
        """Have the process die; nobody is told."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def die(self) -> None:
        """Have the process die, and the pod and the Job be told as failed."""
        await self.kill()
        await self._kubelet.end(self._pod, exit_code=137, reason="Error")
        await self._kubelet.fail_job(self.job, "BackoffLimitExceeded")


class WarmJobs:
    """Those of a work namespace."""

    def __init__(self, kubelet: Kubelet, folder: Path) -> None:
        self._kubelet = kubelet
        self._folder = folder
        self._started: list[WarmJob] = []

    async def waiting(self) -> list[Body]:
        """Return the Jobs that no build has."""
        return [
            job
            for job in await self._kubelet.jobs()
            if WORKER in job["metadata"]["labels"] and OWNER_UID not in job["metadata"]["labels"]
        ]

    async def next(self, but: Collection[str] = ()) -> WarmJob:
        """Wait for a Job that waits, other than those of these names, and run it."""
        found = await patiently(
            self.waiting, lambda seen: any(each["metadata"]["name"] not in but for each in seen)
        )
        job = next(each for each in found if each["metadata"]["name"] not in but)
        await patiently(lambda: self._kubelet.has_input(job), bool)
        pod = await self._kubelet.start(job)
        warm = WarmJob(self._kubelet, job, pod, self._folder / job["metadata"]["name"])
        self._started.append(warm)
        await warm.start(await self._kubelet.worker_of(job))
        await self._kubelet.run(pod)
        return warm

    async def clear(self) -> None:
        """End all processes."""
        for each in self._started:
            await each.kill()

    async def labels_of(self, name: str) -> Body:
        """Return the labels of a Job as they are now."""
        job = await self._kubelet.find(name)
        labels: Body = job["metadata"]["labels"]
        return labels
