"""The labels and annotations on what we create."""

from venture_operator.domain.names import label_value

GROUP = "venture.parpour.dev"
MANAGED_BY = "venture"
FIELD_MANAGER = "venture-operator"

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
JOB_LABEL = f"{GROUP}/job"
OWNER_KIND_LABEL = f"{GROUP}/owner-kind"
OWNER_NAMESPACE_LABEL = f"{GROUP}/owner-namespace"
OWNER_LABEL = f"{GROUP}/owner"
OWNER_UID_LABEL = f"{GROUP}/owner-uid"
CACHE_KEY_ANNOTATION = f"{GROUP}/cache-key"
DOCUMENT_ANNOTATION = f"{GROUP}/document-sha256"

COMPILE_JOB = "compile"
COMPILE_SELECTOR = f"{JOB_LABEL}={COMPILE_JOB}"


def compile_labels(owner: str, owner_uid: str) -> dict[str, str]:
    """Return the labels of a compile Job, its pods and its input."""
    return {
        MANAGED_BY_LABEL: MANAGED_BY,
        JOB_LABEL: COMPILE_JOB,
        OWNER_KIND_LABEL: "ArtifactBuild",
        OWNER_LABEL: label_value(owner),
        OWNER_UID_LABEL: owner_uid,
    }
