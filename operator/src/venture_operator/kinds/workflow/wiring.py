"""What wires Workflows."""

from typing import TYPE_CHECKING

from venture_core.events.envelope import Service
from venture_core.kubernetes.resources import (
    ARTIFACT_BUILDS,
    MONEY_INTENTS,
    WORKFLOWS,
)
from venture_core.record.assignments import Assignments
from venture_crds.v1alpha1.artifactbuild import ArtifactBuildSpec
from venture_crds.v1alpha1.moneyintent import MoneyIntentSpec
from venture_crds.v1alpha1.workflow import Workflow

from venture_operator import metrics
from venture_operator.domain.references import Reference
from venture_operator.kinds.workflow.agents import Agents
from venture_operator.kinds.workflow.asking import Asking
from venture_operator.kinds.workflow.budgets import Budgets
from venture_operator.kinds.workflow.builds import Builds
from venture_operator.kinds.workflow.childobject import JOB
from venture_operator.kinds.workflow.intents import Intents
from venture_operator.kinds.workflow.ownobjects import OwnObjects
from venture_operator.kinds.workflow.service import KIND, Place, Tools, WorkflowService
from venture_operator.kinds.workflow.stub import stub
from venture_operator.kinds.workflow.transcripts import Transcripts
from venture_operator.services.admission import Admitting
from venture_operator.services.kind import Kind, Wired
from venture_operator.services.treasury import treasury_of
from venture_operator.services.turns import Turns
from venture_operator.storage.configmaps import ConfigMaps
from venture_operator.storage.objects import Objects
from venture_operator.storage.watched import WatchedObjects

if TYPE_CHECKING:
    from venture_operator.services.kind import Shared


def wire(shared: Shared) -> Wired:
    """Return the kind, ready to run."""
    settings = shared.settings
    reporter = settings.pod_name
    objects = Objects(shared.client, WORKFLOWS, reporter=reporter)

    def wake(place: Place) -> None:
        shared.wake(Reference(KIND, place.namespace, place.workflow))

    turns: Turns[Place] = Turns(
        at_once=settings.jobs_at_once, per_namespace=settings.jobs_per_namespace, wake=wake
    )
    metrics.JOBS_RUNNING.labels(KIND).set_function(turns.running)
    metrics.JOBS_WAITING.labels(KIND).set_function(lambda: turns.waiting)
    budgets = Budgets(treasury_of(settings))
    agents = _agents(shared, budgets)
    own = {
        resource.kind: OwnObjects(
            resource.kind,
            spec_type,
            Objects(shared.client, resource, reporter=reporter),
            shared.watched,
        )
        for resource, spec_type in (
            (ARTIFACT_BUILDS, ArtifactBuildSpec),
            (MONEY_INTENTS, MoneyIntentSpec),
        )
    }
    tools = Tools(
        workflows=objects,
        doers={
            ARTIFACT_BUILDS.kind: Builds(own[ARTIFACT_BUILDS.kind]),
            MONEY_INTENTS.kind: Intents(own[MONEY_INTENTS.kind], budgets),
            JOB: agents,
        },
        own=own,
        agents=agents,
        budgets=budgets,
        asking=Asking(shared.approvals),
        freezes=shared.freezes,
        turns=turns,
        record=shared.record,
        admitting=Admitting(shared.client, shared.governing),
        wake=shared.wake,
    )
    return Wired(
        kind=Kind(resource=WORKFLOWS, types=Workflow, stub=stub),
        service=WorkflowService(tools),
        watched=WatchedObjects(keeps_deleted=True),
        objects=objects,
    )


def _agents(shared: Shared, budgets: Budgets) -> Agents:
    settings = shared.settings
    return Agents(
        settings=settings.agents,
        children=shared.children,
        jobs=shared.jobs,
        pods=shared.pods,
        assignments=Assignments(
            settings.postgres_url, service=Service.ORCHESTRATOR, name=settings.pod_name
        ),
        config_maps=ConfigMaps(shared.client),
        budgets=budgets,
        transcripts=Transcripts(shared.store),
        bundles=shared.bundles,
    )
