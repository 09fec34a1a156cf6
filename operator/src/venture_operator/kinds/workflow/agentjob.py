"""The Job of an agent: what is special about its pod, what it is told, and what its end means."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from venture_core.agents.assignment import ASSIGNMENT_FILE
from venture_core.agents.result import (
    EXIT_BUDGET,
    EXIT_TRANSIENT,
    MAX_OUTPUT_BYTES,
    InvalidResultError,
    parse_result,
)
from venture_core.canonical import canonical_json
from venture_core.workflows.schemas import violations
from venture_crds.v1alpha1.workflowstatus import WorkflowReason

from venture_operator.builders.job import (
    PodSettings,
    input_secret,
    input_volume,
    restricted_job,
    scratch_volume,
)
from venture_operator.domain.podoutcome import Ended, Lost, LostReason, Running, Waiting
from venture_operator.kinds.workflow.outcome import Done, Exhausted, Failed, Working

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from venture_core.agents.assignment import AgentAssignment

    from venture_operator.domain.agentsettings import AgentSettings
    from venture_operator.domain.podoutcome import PodOutcome
    from venture_operator.domain.references import Reference
    from venture_operator.kinds.workflow.outcome import Outcome

ROLE: Final = "agent"
CONTAINER: Final = "agent"
SCRATCH_SIZE_LIMIT: Final = "64Mi"
TOKEN_SECONDS: Final = 600
AUDIENCES: Final = (
    "venture-llm-gateway",
    "venture-egress",
    "venture-tools",
    "venture-treasury",
    "venture-policy",
)
"""One projected token each, in /var/run/venture/tokens."""
WAITING_LIMIT: Final = timedelta(minutes=15)
"""How long a pod may wait for its place."""
GRACE_SECONDS: Final = 30
"""How much longer than its agent a Job may run."""
_TOKENS: Final = "/var/run/venture/tokens"
_AUTHORITIES: Final = "/etc/venture/serving-ca"

_LOST: Final[Mapping[LostReason, WorkflowReason]] = {
    LostReason.OUT_OF_MEMORY: WorkflowReason.OUT_OF_MEMORY,
    LostReason.TIMEOUT: WorkflowReason.TIMEOUT,
    LostReason.WAITING_FOR_POD: WorkflowReason.WAITING_FOR_POD,
    LostReason.JOB_DELETED: WorkflowReason.CHILD_DELETED,
    LostReason.POD_LOST: WorkflowReason.POD_LOST,
    LostReason.POD_DISRUPTED: WorkflowReason.POD_LOST,
    LostReason.POD_FAILED: WorkflowReason.POD_LOST,
}


def agent_job(
    owner: Reference,
    *,
    name: str,
    namespace: str,
    timeout_seconds: int,
    settings: AgentSettings,
    hosts: Mapping[str, str],
) -> dict[str, Any]:
    """Return the Job of an agent. `hosts` are the addresses of the services it calls, by name."""
    volumes, mounts = _volumes(name, settings)
    environment = _environment(settings)
    job = restricted_job(
        owner,
        name=name,
        namespace=namespace,
        role=ROLE,
        deadline_seconds=int(WAITING_LIMIT.total_seconds()) + timeout_seconds + GRACE_SECONDS,
        pod=PodSettings(
            image=settings.image,
            pull_policy=settings.image_pull_policy,
            pull_secrets=settings.image_pull_secrets,
            resources=settings.resources,
            scheduling=settings.scheduling,
            labels=settings.labels,
        ),
        container={
            "name": CONTAINER,
            "env": [{"name": key, "value": value} for key, value in environment.items() if value],
            "volumeMounts": mounts,
        },
        volumes=volumes,
    )
    # No DNS: the pod knows the addresses of the services that it may reach, and no other name.
    job["spec"]["template"]["spec"] |= {
        "serviceAccountName": settings.service_account,
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["127.0.0.1"]},
        "hostAliases": [
            {"ip": address, "hostnames": [host]} for host, address in sorted(hosts.items())
        ],
    }
    return job


def _volumes(
    name: str, settings: AgentSettings
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the volumes of an agent's pod, and where its container finds them."""
    volumes: list[dict[str, Any]] = [
        input_volume(name),
        scratch_volume(SCRATCH_SIZE_LIMIT),
        {"name": "tokens", "projected": {"defaultMode": 0o440, "sources": _tokens()}},
    ]
    mounts: list[dict[str, Any]] = [
        {"name": "input", "mountPath": "/etc/venture/input", "readOnly": True},
        {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108  a volume of the pod's own
        {"name": "tokens", "mountPath": _TOKENS, "readOnly": True},
    ]
    if settings.authorities_config_map:
        volumes.append(
            {"name": "serving-ca", "configMap": {"name": settings.authorities_config_map}}
        )
        mounts.append({"name": "serving-ca", "mountPath": _AUTHORITIES, "readOnly": True})
    return volumes, mounts


def _environment(settings: AgentSettings) -> dict[str, str | None]:
    return {
        "VENTURE_LLM_GATEWAY_URL": settings.llm_gateway_url,
        "VENTURE_EGRESS_PROXY_URL": settings.egress_proxy_url,
        "VENTURE_TOOL_GATEWAY_URL": settings.tool_gateway_url,
        "VENTURE_TREASURY_URL": settings.treasury_url,
        "VENTURE_AUTHORITIES": settings.authorities_config_map and f"{_AUTHORITIES}/ca.crt",
    }


def agent_input(job: Mapping[str, Any], assignment: AgentAssignment) -> dict[str, Any]:
    """Return the Secret with what the agent of a Job is told."""
    return input_secret(job, {ASSIGNMENT_FILE: assignment.to_json().decode()})


def agent_outcome(pod: PodOutcome, schema: Mapping[str, Any] | None, now: datetime) -> Outcome:
    """Return what became of an agent; its answer is held to the task's schema here, too."""
    match pod:
        case Waiting(since, message):
            if now - since >= WAITING_LIMIT:
                waited = message or "no pod of it started"
                return Failed(WorkflowReason.WAITING_FOR_POD, waited, now, may_pass=True)
            return Working(message)
        case Running(started_at):
            return Working(since=started_at)
        case Lost(reason, message, at):
            return Failed(_LOST[reason], message, at or now, may_pass=True)
        case Ended():
            return _ended(pod, schema)


def _ended(pod: Ended, schema: Mapping[str, Any] | None) -> Outcome:
    if pod.exit_code == EXIT_BUDGET:
        return Exhausted(pod.finished_at)
    try:
        result = parse_result(pod.message)
    except InvalidResultError as error:
        reason = WorkflowReason.AGENT_CRASHED
        return Failed(reason, str(error), pod.finished_at, may_pass=True)
    if result.error is not None:
        may_pass = pod.exit_code == EXIT_TRANSIENT
        return Failed(result.error.reason, result.error.message, pod.finished_at, may_pass)
    output = result.output or {}
    problems = list(violations(output, schema)) if schema else []
    if len(canonical_json(output)) > MAX_OUTPUT_BYTES:
        problems.append(f"it has more than {MAX_OUTPUT_BYTES} bytes")
    if problems:
        reason = WorkflowReason.OUTPUT_INVALID
        return Failed(reason, "; ".join(problems[:3]), pod.finished_at)
    return Done(output, pod.finished_at)


def _tokens() -> list[dict[str, Any]]:
    return [
        {
            "serviceAccountToken": {
                "audience": audience,
                "expirationSeconds": TOKEN_SECONDS,
                "path": audience,
            }
        }
        for audience in AUDIENCES
    ]
