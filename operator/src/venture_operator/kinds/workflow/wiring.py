"""What wires Workflows."""

from typing import TYPE_CHECKING

from venture_core.kubernetes.resources import ARTIFACT_BUILDS, POLICY_BUNDLES, WORKFLOWS
from venture_crds.v1alpha1.workflow import Workflow

from venture_operator.kinds.workflow.builds import Builds
from venture_operator.kinds.workflow.governed import Admissions
from venture_operator.kinds.workflow.service import Tools, WorkflowService
from venture_operator.kinds.workflow.stub import stub
from venture_operator.services.kind import Kind, Wired
from venture_operator.storage.objects import Objects
from venture_operator.storage.watched import WatchedObjects

if TYPE_CHECKING:
    from venture_operator.services.kind import Shared


def wire(shared: Shared) -> Wired:
    """Return the kind, ready to run."""
    reporter = shared.settings.pod_name
    objects = Objects(shared.client, WORKFLOWS, reporter=reporter)
    builds = Objects(shared.client, ARTIFACT_BUILDS, reporter=reporter)
    bundles = Objects(shared.client, POLICY_BUNDLES, reporter=reporter)
    tools = Tools(
        workflows=objects,
        builds=Builds(builds, shared.watched),
        record=shared.record,
        admissions=Admissions(shared.governing, bundles),
        wake=shared.wake,
    )
    return Wired(
        kind=Kind(resource=WORKFLOWS, types=Workflow, stub=stub),
        service=WorkflowService(tools),
        watched=WatchedObjects(keeps_deleted=True),
        objects=objects,
    )
