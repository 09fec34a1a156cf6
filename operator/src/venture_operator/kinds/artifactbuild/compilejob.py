"""The compile Job: what is special about its container, and its input."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.artifacts.jobcontract import INPUT_FOLDER, IR_FILE, REQUEST_FILE, WORKER_FILE

from venture_operator.builders.job import (
    input_secret,
    input_volume,
    restricted_job,
    scratch_volume,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.jobcontract import CompileJobInput, WorkerInput

    from venture_operator.builders.job import PodSettings
    from venture_operator.domain.references import Reference

ROLE: Final = "compile"
CONTAINER: Final = "compile"
SCRATCH_SIZE_LIMIT: Final = "512Mi"


def compile_job(
    owner: Reference | None,
    *,
    name: str,
    namespace: str,
    deadline_seconds: int,
    pod: PodSettings,
) -> dict[str, Any]:
    """Return the Job that compiles what the Secret of its own name holds, or says where it is."""
    return restricted_job(
        owner,
        name=name,
        namespace=namespace,
        role=ROLE,
        deadline_seconds=deadline_seconds,
        pod=pod,
        container={
            "name": CONTAINER,
            "volumeMounts": [
                {"name": "input", "mountPath": INPUT_FOLDER, "readOnly": True},
                {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108  a volume of the pod's own
            ],
        },
        volumes=(input_volume(name), scratch_volume(SCRATCH_SIZE_LIMIT)),
    )


def compile_input(
    job: Mapping[str, Any], request: CompileJobInput, document: bytes | None
) -> dict[str, Any]:
    """Return the input of `job`: the request and, unless the Job fetches it, the document."""
    data = {REQUEST_FILE: request.to_json().decode()}
    if document is not None:
        data[IR_FILE] = document.decode()
    return input_secret(job, data)


def worker_input(job: Mapping[str, Any], worker: WorkerInput) -> dict[str, Any]:
    """Return the input of a Job that is started ahead: where its build will be told."""
    return input_secret(job, {WORKER_FILE: worker.to_json().decode()})
