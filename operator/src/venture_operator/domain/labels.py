"""The labels on what we create."""

GROUP = "venture.parpour.dev"
MANAGED_BY = "venture"
FIELD_MANAGER = "venture-operator"

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
JOB_LABEL = f"{GROUP}/job"
OWNER_KIND_LABEL = f"{GROUP}/owner-kind"
OWNER_NAMESPACE_LABEL = f"{GROUP}/owner-namespace"
OWNER_LABEL = f"{GROUP}/owner"
OWNER_UID_LABEL = f"{GROUP}/owner-uid"
WORKFLOW_LABEL = f"{GROUP}/workflow"
TASK_LABEL = f"{GROUP}/task"
