"""The cluster that a program runs in, or the one it is pointed at."""

import os
from typing import TYPE_CHECKING

from venture_core.kubernetes.client import KubernetesClient

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from venture_core.kubernetes.client import RequestObserver


def connect(
    observer: RequestObserver | None = None,
) -> AbstractAsyncContextManager[KubernetesClient]:
    """Connect with the pod's service account; outside of a pod as kubectl would."""
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return KubernetesClient.in_cluster(observer)
    return KubernetesClient.from_kubeconfig(observer=observer)
