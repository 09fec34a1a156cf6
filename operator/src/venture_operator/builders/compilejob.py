"""The compile Job and its input."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from venture_core.artifacts.jobcontract import (
    INPUT_FOLDER,
    IR_FILE,
    REQUEST_FILE,
    CompileJobInput,
)

from venture_operator.builders.owners import owner_reference
from venture_operator.domain.labels import CACHE_KEY_ANNOTATION, DOCUMENT_ANNOTATION, compile_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

NON_ROOT_UID = 65532
SECONDS_UNTIL_DELETED = 600
"""How long a finished Job stays, so that its log can be read."""
SCRATCH_SIZE_LIMIT = "512Mi"


@dataclass(frozen=True, slots=True)
class CompilerPod:
    """What the installation decides about compile pods."""

    image: str
    pull_policy: str
    pull_secrets: tuple[str, ...]
    resources: Mapping[str, Mapping[str, str]]
    scheduling: Mapping[str, Any]


def compile_job(
    build: Mapping[str, Any],
    *,
    name: str,
    cache_key: str,
    document_sha256: str,
    timeout_seconds: int,
    pod: CompilerPod,
) -> dict[str, Any]:
    """Return the Job that compiles the document of `build`.

    It runs once (the operator counts attempts, so that each has a name and a reason), restricted
    by Pod Security, without an API token, and mounts the ConfigMap of its own name as input.
    """
    metadata = build["metadata"]
    labels = compile_labels(metadata["name"], metadata["uid"])
    annotations = {CACHE_KEY_ANNOTATION: cache_key, DOCUMENT_ANNOTATION: document_sha256}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [owner_reference(build)],
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": timeout_seconds,
            "ttlSecondsAfterFinished": SECONDS_UNTIL_DELETED,
            "podReplacementPolicy": "Failed",
            "template": {"metadata": {"labels": labels}, "spec": _pod_spec(name, pod)},
        },
    }


def compile_input(
    job: Mapping[str, Any], request: CompileJobInput, document: bytes | None
) -> dict[str, Any]:
    """Return the immutable input of `job`: the request and, unless it is fetched, the document.

    The Job owns it, so it goes when the Job goes.
    """
    data = {REQUEST_FILE: request.to_json().decode()}
    if document is not None:
        data[IR_FILE] = document.decode()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": job["metadata"]["name"],
            "namespace": job["metadata"]["namespace"],
            "labels": job["metadata"]["labels"],
            "ownerReferences": [owner_reference(job)],
        },
        "immutable": True,
        "data": data,
    }


def _pod_spec(name: str, pod: CompilerPod) -> dict[str, Any]:
    return {
        **pod.scheduling,
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "imagePullSecrets": [{"name": secret} for secret in pod.pull_secrets],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NON_ROOT_UID,
            "runAsGroup": NON_ROOT_UID,
            "fsGroup": NON_ROOT_UID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "compile",
                "image": pod.image,
                "imagePullPolicy": pod.pull_policy,
                "resources": {key: dict(value) for key, value in pod.resources.items()},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [
                    {"name": "input", "mountPath": INPUT_FOLDER, "readOnly": True},
                    {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108  a volume of the pod's own
                ],
            }
        ],
        "volumes": [
            {"name": "input", "configMap": {"name": name}},
            {"name": "scratch", "emptyDir": {"sizeLimit": SCRATCH_SIZE_LIMIT}},
        ],
    }
