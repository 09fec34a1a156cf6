"""What became of a Workflow and its tasks. It stays below 192 KiB, whatever the tasks say."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, JsonValue, computed_field

from venture_crds.base import StatusModel
from venture_crds.markers import FreeForm, ListMap
from venture_crds.v1alpha1.decision import PolicyDecision
from venture_crds.v1alpha1.lifecycle import RerunnableStatus
from venture_crds.v1alpha1.policybundle import ContentHash
from venture_crds.v1alpha1.policymoney import Cents
from venture_crds.v1alpha1.policyref import PinnedBundle
from venture_crds.v1alpha1.reasons import DocumentedReason
from venture_crds.v1alpha1.scalars import ObjectName, Reason, Sha256, Timestamp
from venture_crds.v1alpha1.workflowtask import TaskName

OUTPUT_MAX_BYTES: Final = 2560
"""How large a task's output may be, as canonical JSON."""
OUTPUTS_MAX_BYTES: Final = 96 * 1024
"""How large the outputs of all tasks may be together."""
TASK_MESSAGE_MAX: Final = 200
"""How long a task's sentence may be, in bytes of UTF-8."""
_CENTS: Final = 100


class Shutdown(StrEnum):
    """How a workflow is ended before its time."""

    STOP = "Stop"
    """What runs comes to its end, and nothing else starts."""
    TERMINATE = "Terminate"
    """What runs is ended too."""


class WorkflowPhase(StrEnum):
    """Where a workflow stands, for people. Programs read the conditions."""

    PENDING = "Pending"
    """Accepted, and no task has started yet."""
    RUNNING = "Running"
    """Tasks run."""
    WAITING = "Waiting"
    """Nothing runs until people approve, pay in, or raise the budget."""
    SUSPENDED = "Suspended"
    """`spec.suspend` holds it back."""
    SUCCEEDED = "Succeeded"
    """All tasks succeeded."""
    FAILED = "Failed"
    """It ended, and not all of its tasks succeeded."""
    CANCELLED = "Cancelled"
    """It was shut down."""


class TaskPhase(StrEnum):
    """Where a task stands."""

    QUEUED = "Queued"
    """It waits for the tasks it depends on, and for room."""
    RUNNING = "Running"
    """It is being done, or waits for people."""
    RETRYING = "Retrying"
    """An attempt failed for a reason that may pass; another follows."""
    SUCCEEDED = "Succeeded"
    """It is done."""
    FAILED = "Failed"
    """It failed, and is not tried again by itself."""
    BLOCKED = "Blocked"
    """A task that it depends on did not succeed."""
    CANCELLED = "Cancelled"
    """It was ended before it was done."""


class WorkflowReason(DocumentedReason):
    """Why a workflow, or one of its tasks, is as it is."""

    COMPLETED = "Completed", "done: all tasks succeeded", ""
    RUNNING = "Running", "tasks run, or are about to; the message counts them", ""
    SUSPENDED = "Suspended", "`spec.suspend` holds it back", "when it is false"
    AWAITING_APPROVAL = "AwaitingApproval", "nothing runs until people approve", "when they did"
    BUDGET_EXHAUSTED = (
        "BudgetExhausted",
        "the budget has no room for what comes next",
        "when `spec.budget` is raised",
    )

    INVALID_WORKFLOW = (
        "InvalidWorkflow",
        "the tasks do not fit together; the message says which, and what to write",
        "no",
    )
    TASKS_FAILED = "TasksFailed", "some tasks failed; the others came to their end", "no"
    STOPPED = "Stopped", "`spec.shutdown` is `Stop`", "no"
    TERMINATED = "Terminated", "`spec.shutdown` is `Terminate`", "no"
    DEADLINE_EXCEEDED = "DeadlineExceeded", "it took longer than `spec.deadlineSeconds`", "no"

    REQUESTER_UNKNOWN = (
        "RequesterUnknown",
        "`spec.requester` is missing, so nobody can tell whose approval would be their own",
        "no",
    )
    APPROVAL_DENIED = "ApprovalDenied", "somebody who was asked denied it", "no"
    APPROVAL_EXPIRED = "ApprovalExpired", "nobody decided in time, which is a denial", "no"

    WAITING_FOR_FUNDS = (
        "WaitingForFunds",
        "the namespace's wallet has not enough to set `spec.budget` aside",
        "looked for every 5 s",
    )
    TREASURY_UNAVAILABLE = (
        "TreasuryUnavailable",
        "the treasury does not answer, so no budget can be set aside",
        "asked every 5 s",
    )
    SCRIPT_NOT_FOUND = (
        "ScriptNotFound",
        "the ConfigMap with the conversation to replay is not there yet",
        "looked for every 5 s",
    )
    SERVICE_MISSING = (
        "ServiceMissing",
        "a service that agents call has no address yet",
        "looked for every 5 s",
    )
    OUTPUT_INVALID = "OutputInvalid", "the agent's answer breaks the task's schema", "no"
    AGENT_CRASHED = "AgentCrashed", "the agent left no result", "as `retries`"
    OUT_OF_MEMORY = "OutOfMemory", "the agent exceeded its memory", "as `retries`"
    POD_LOST = "PodLost", "the pod failed, was deleted or taken away", "as `retries`"
    WAITING_FOR_POD = "WaitingForPod", "for 15 min the cluster let no pod run", "as `retries`"
    TIMEOUT = "Timeout", "an attempt ran longer than the task's `timeoutSeconds`", "as `retries`"
    CHILD_DELETED = "ChildDeleted", "somebody deleted what did the task's work", "as `retries`"
    OUTPUT_TOO_LARGE = "OutputTooLarge", "the outputs of all tasks have more than 96 KiB", "no"
    CHILD_REFUSED = "ChildRefused", "the cluster refuses what would do the task's work", "no"
    OUTPUT_MISSING = "OutputMissing", "a value that the task needs is not in an output", "no"


class TaskChild(StatusModel):
    """The object that does a task's work."""

    kind: Annotated[str, Field(max_length=63)]
    """Its kind: ArtifactBuild, for instance."""

    name: ObjectName
    """Its name, in the namespace of the workflow; a Job's is in the work namespace."""

    uid: Annotated[str, Field(max_length=64)] = ""
    """Its uid, once it is created: nothing that another object says counts."""


class TaskApprovals(StatusModel):
    """Who approved so far."""

    required: Annotated[int, Field(ge=1, le=10)]
    """How many people have to."""

    granted: Annotated[int, Field(ge=0, le=10)]
    """How many did."""

    by: Annotated[tuple[Annotated[str, Field(max_length=253)], ...], Field(max_length=10)] = ()
    """Their names."""


class TaskTranscript(StatusModel):
    """What an agent and its model said."""

    uri: Annotated[str, Field(max_length=512)]
    """Where it is kept, as `s3://bucket/key`."""

    sha256: Sha256
    """The SHA-256 of its bytes when the attempt had ended."""


class TaskStatus(StatusModel):
    """Where one task stands."""

    name: TaskName
    """The task's name."""

    phase: TaskPhase
    """Where it stands."""

    attempt: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """The attempt that was started last, counted from 1 over all retries; 0 before the first."""

    failures: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many attempts failed for reasons that may pass, since it was last asked for."""

    child: TaskChild | None = None
    """What does, or did, the work of the last attempt."""

    reason: Annotated[Reason, Field(max_length=64)] | None = None
    """Why it stands there, where there is more to say."""

    message: Annotated[str, Field(max_length=TASK_MESSAGE_MAX)] = ""
    """Why it stands there, in a sentence."""

    started_at: Timestamp | None = None
    """When the last attempt started."""

    finished_at: Timestamp | None = None
    """When it ended, well or not."""

    retry_at: Timestamp | None = None
    """When the next attempt starts."""

    target_digest: ContentHash | None = None
    """What people are asked to approve: the digest of the workflow and of what it depends on."""

    approvals: TaskApprovals | None = None
    """Who approved, of a task that waits for people."""

    cost_cents: Cents = 0
    """What all its attempts have cost: for models, or out of the intents of a money task."""

    cap_cents: Cents = 0
    """The most that the current attempt may cost; the rest goes back when it ends."""

    needs_cents: Cents = 0
    """More than this must be left of the budget before the next attempt of an agent starts."""

    transcript: TaskTranscript | None = None
    """What the agent of the last attempt that ended said, and its model."""

    output: Annotated[dict[str, JsonValue], FreeForm(max_properties=64)] | None = None
    """What came out of it: at most 2,560 bytes of JSON."""


class Spent(StatusModel):
    """What work has cost, in hundredths of the budget's currency."""

    cash_cents: Cents = 0
    """What was spent through money tasks."""

    llm_cents: Cents = 0
    """What language models have cost."""


class WorkflowStatus(RerunnableStatus):
    """What the operator did about a workflow."""

    phase: WorkflowPhase | None = None
    """Where the workflow stands, for people. Programs read `conditions`."""

    trace_id: Annotated[str, Field(max_length=36)] = ""
    """The trace that all its work belongs to; its events have it."""

    policy_bundle: PinnedBundle | None = None
    """The PolicyBundle that governs it."""

    decision: PolicyDecision | None = None
    """What the policy said, where it lets people decide whether the workflow begins."""

    target_digest: ContentHash | None = None
    """The digest of what those people are asked to approve; none once they have decided."""

    approvals: TaskApprovals | None = None
    """Who approved that it begins."""

    cost: Spent | None = None
    """What its tasks have cost so far."""

    budget_open: bool = False
    """Whether `spec.budget` may be set aside in the wallet: until what is unspent was released."""

    tasks: Annotated[tuple[TaskStatus, ...], Field(max_length=100), ListMap("name")] = ()
    """Where each task stands, in the order of the spec."""

    @computed_field(  # type: ignore[prop-decorator]
        description="How many tasks succeeded, of how many, for people: `2/5`."
    )
    @property
    def progress(self) -> Annotated[str, Field(max_length=16)] | None:
        """How many tasks succeeded, of how many."""
        if not self.tasks:
            return None
        done = sum(each.phase is TaskPhase.SUCCEEDED for each in self.tasks)
        return f"{done}/{len(self.tasks)}"

    @computed_field(  # type: ignore[prop-decorator]
        description="What it has cost, for people, from `cost`."
    )
    @property
    def spent(self) -> Annotated[str, Field(max_length=32)] | None:
        """What it has cost, for people."""
        if self.cost is None:
            return None
        whole, rest = divmod(self.cost.cash_cents + self.cost.llm_cents, _CENTS)
        return f"{whole}.{rest:02}"
