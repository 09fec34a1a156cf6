"""Workflows in the cluster: submitted, and planned by the bundle that would govern them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from venture_core.kubernetes.errors import AlreadyExistsError, ForbiddenError
from venture_core.kubernetes.resources import POLICY_BUNDLES, WORKFLOWS
from venture_core.policy.compile import BundleError, compile_bundle
from venture_core.policy.governing import DEFAULT_BUNDLE

from venture_cli.domain.workflow import WORKFLOW
from venture_cli.domain.workflowplan import plan_workflow
from venture_cli.errors import CliError

if TYPE_CHECKING:
    from venture_core.policy.snapshot import Snapshot
    from venture_crds.v1alpha1.workflow import Workflow

    from venture_cli.domain.workflowfiles import Body
    from venture_cli.domain.workflowplan import WorkflowPlan
    from venture_cli.services.session import Session


async def submit(session: Session, body: Body) -> Body:
    """Create a Workflow. CliError where there is one of its name; KubernetesError if refused."""
    client, namespace = await session.place()
    try:
        return await client.create(WORKFLOWS, body, namespace, strict=True)
    except AlreadyExistsError as error:
        name = body["metadata"]["name"]
        known = {"metadata": {"name": name, "namespace": namespace}}
        raise CliError(
            f"there is a workflow {name} in {namespace}",
            next_step=f"Look at it: {WORKFLOW.hint('get', known)}. Or give another --name.",
        ) from error


async def plan(session: Session, workflow: Workflow) -> tuple[WorkflowPlan, str]:
    """Return what a Workflow would do, and what is not known about that; empty: nothing."""
    snapshot, unknown = await _bundle(session, workflow)
    _, namespace = await session.place()
    return plan_workflow(workflow, namespace, snapshot, datetime.now(UTC)), unknown


async def _bundle(session: Session, workflow: Workflow) -> tuple[Snapshot | None, str]:
    client, namespace = await session.place()
    reference = workflow.spec.policy_bundle_ref
    name = reference.name if reference and reference.name else DEFAULT_BUNDLE
    try:
        found = await client.get(POLICY_BUNDLES, name, namespace)
    except ForbiddenError as error:
        return None, f"you may not read the PolicyBundle {name}: {error.message}"
    if found is None:
        return None, f"there is no PolicyBundle {name} in {namespace}: nothing would start"
    if found.get("spec", {}).get("state") == "Draft":
        return None, f"the PolicyBundle {name} is a draft: nothing would start"
    try:
        return compile_bundle(found.get("spec") or {}), (
            "the platform's baseline is not counted: it may refuse more"
        )
    except BundleError as error:
        return None, f"the PolicyBundle {name} cannot be compiled: {error}"
