"""The egress fence around compile pods, one per namespace that has any."""

from typing import TYPE_CHECKING, Any

from venture_operator.builders.owners import owner_reference
from venture_operator.domain.labels import COMPILE_JOB, JOB_LABEL, MANAGED_BY, MANAGED_BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

POLICY_NAME = "venture-compile-egress"


def compile_egress_policy(
    namespace: str, egress: Sequence[Mapping[str, Any]], owner: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the policy: nothing comes in, and only what `egress` allows goes out.

    `owner` is a cluster-scoped object of the release: the policy goes with it.
    """
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": POLICY_NAME,
            "namespace": namespace,
            "labels": {MANAGED_BY_LABEL: MANAGED_BY},
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": {
            "podSelector": {"matchLabels": {JOB_LABEL: COMPILE_JOB}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [dict(rule) for rule in egress],
        },
    }
