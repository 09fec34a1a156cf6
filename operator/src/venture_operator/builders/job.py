"""A Job whose pod may do nothing but its work: restricted, without a token, for one attempt."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from venture_operator.builders.owners import owner_reference
from venture_operator.domain.labels import JOB_LABEL, MANAGED_BY, MANAGED_BY_LABEL
from venture_operator.domain.references import owner_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from venture_operator.domain.references import Reference

NON_ROOT_UID = 65532
SECONDS_UNTIL_DELETED = 600
"""How long a finished Job stays, so that its log can be read."""
GRACE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class PodSettings:
    """What the installation decides about the pods of Jobs."""

    image: str
    pull_policy: str = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    scheduling: Mapping[str, Any] = field(default_factory=dict)
    """nodeSelector, tolerations, affinity and priorityClassName, as in a PodSpec."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What every Job carries besides; none takes the place of one of ours."""


def restricted_job(
    owner: Reference | None,
    *,
    name: str,
    namespace: str,
    role: str,
    deadline_seconds: int,
    pod: PodSettings,
    container: Mapping[str, Any],
    volumes: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return a Job in the work namespace that runs `container` once, for `owner` elsewhere.

    Without an owner it is nobody's yet.
    `role` is the value of the Job label, by which network policies select its pods. `container`
    has a name and what is special; image, resources and security come from here. The operator
    counts attempts, so that each has a name and a reason: the Job itself never tries again.
    """
    owned = owner_labels(owner) if owner else {MANAGED_BY_LABEL: MANAGED_BY}
    labels = {**pod.labels, **owned, JOB_LABEL: role}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": deadline_seconds,
            "ttlSecondsAfterFinished": SECONDS_UNTIL_DELETED,
            "podReplacementPolicy": "Failed",
            "template": {
                "metadata": {"labels": labels},
                "spec": _pod_spec(pod, container, volumes),
            },
        },
    }


def input_secret(job: Mapping[str, Any], data: Mapping[str, str]) -> dict[str, Any]:
    """Return the immutable Secret of the Job's name that is its input; it goes when the Job goes.

    The pod cannot start before it is there.
    """
    metadata = job["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": metadata["labels"],
            "ownerReferences": [owner_reference(job)],
        },
        "immutable": True,
        "stringData": dict(data),
    }


def input_volume(job_name: str) -> dict[str, Any]:
    """Return the volume `input` of a Job of that name."""
    return {"name": "input", "secret": {"secretName": job_name, "defaultMode": 0o440}}


def scratch_volume(size_limit: str) -> dict[str, Any]:
    """Return the volume `scratch`: room of the pod's own, for as long as it lives."""
    return {"name": "scratch", "emptyDir": {"sizeLimit": size_limit}}


def _pod_spec(
    pod: PodSettings, container: Mapping[str, Any], volumes: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        **pod.scheduling,
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
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
                "image": pod.image,
                "imagePullPolicy": pod.pull_policy,
                "resources": {key: dict(value) for key, value in pod.resources.items()},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                **container,
            }
        ],
        "volumes": [dict(volume) for volume in volumes],
    }
