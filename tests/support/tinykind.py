"""A whole kind in one file, of nothing but the public seams: what a new kind has to bring.

A Banner is long-lived: it is Ready while it has a text, and runs one Job that hangs it up.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field
from venture_core.kubernetes.resources import Resource as Served
from venture_crds.base import SpecModel
from venture_crds.resource import GROUP, Column, KindInfo, Resource
from venture_crds.v1alpha1.lifecycle import LifecycleStatus
from venture_operator.builders.job import PodSettings, restricted_job
from venture_operator.domain import conditions
from venture_operator.domain.conditions import Standing
from venture_operator.domain.facts import Fact, Subject
from venture_operator.domain.names import child_name
from venture_operator.domain.plan import (
    Plan,
    Transition,
    first_opinion,
    stalled_plan,
    waiting_plan,
    with_state,
)
from venture_operator.domain.references import Reference
from venture_operator.services.kind import Kind, Shared, Wired
from venture_operator.storage.objects import Objects
from venture_operator.storage.watched import ObjectKey, WatchedObjects

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from venture_crds.v1alpha1.meta import ObjectMeta

# 1. Its types.


class Phase(StrEnum):
    """Where a banner stands, for people."""

    WAITING = "Waiting"
    """It cannot hang yet."""
    HANGING = "Hanging"
    """Everybody sees it."""
    TORN = "Torn"
    """Its user must act."""


class BannerSpec(SpecModel):
    """What a banner says."""

    text: Annotated[str, Field(max_length=64)]
    """The text. Empty: nothing can be hung up. `!`: no banner may say that."""


class BannerStatus(LifecycleStatus):
    """What became of a banner."""

    phase: Phase | None = None
    """Where it stands, for people."""

    shown: Annotated[str, Field(max_length=64)] = ""
    """What hangs."""


class Banner(Resource):
    """A text that everybody sees."""

    kind_info: ClassVar = KindInfo(
        version="v1alpha1",
        plural="banners",
        short_names=("bn",),
        columns=(Column(name="Phase", path=".status.phase", description="Where it stands."),),
    )
    api_version: Literal["venture.parpour.dev/v1alpha1"] = "venture.parpour.dev/v1alpha1"
    """The group and version of the schema."""
    kind: Literal["Banner"] = "Banner"
    """The kind of the object."""
    spec: BannerSpec
    """What it says."""
    status: BannerStatus = Field(default_factory=BannerStatus)
    """What became of it."""


# 2. Its pure decisions.


@dataclass(frozen=True, slots=True)
class Observed:
    """All that a decision depends on."""

    banner: Banner
    job_exists: bool


@dataclass(frozen=True, slots=True)
class HangUp:
    """Create the Job."""


type BannerPlan = Plan[BannerStatus, HangUp]


def decide(observed: Observed, now: datetime) -> BannerPlan:
    """Return what to do next."""
    return first_opinion((_rule_forbidden, _rule_empty, _rule_hang), observed, now)


def _rule_forbidden(observed: Observed, now: datetime) -> BannerPlan | None:
    if observed.banner.spec.text != "!":
        return None
    state = conditions.stalled("Forbidden", "no banner may say that")
    return Plan(status=with_state(observed.banner, state, now, phase=Phase.TORN))


def _rule_empty(observed: Observed, now: datetime) -> BannerPlan | None:
    if observed.banner.spec.text:
        return None
    state = conditions.working("NoText", "there is no text yet")
    return Plan(status=with_state(observed.banner, state, now, phase=Phase.WAITING))


def _rule_hang(observed: Observed, now: datetime) -> BannerPlan | None:
    text = observed.banner.spec.text
    state = conditions.ready("Hung", f"it says {text}")
    return Plan(
        actions=() if observed.job_exists else (HangUp(),),
        status=with_state(observed.banner, state, now, phase=Phase.HANGING, shown=text),
        transition=Transition("Hung", f"it says {text}"),
    )


# 3. Its service.

BANNERS = Served(GROUP, "v1alpha1", "banners", "Banner")


class BannerService:
    """What is special about banners."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def subject(self, metadata: ObjectMeta) -> Subject:
        """Return the banner itself."""
        return Subject(UUID(metadata.uid))

    def phase(self, work: Banner, standing: Standing) -> StrEnum:
        """Return the phase for people."""
        del work
        return Phase.HANGING if standing is Standing.READY else Phase.WAITING

    def waiting(
        self, work: Banner, reason: str, message: str, after_seconds: float, now: datetime
    ) -> BannerPlan:
        """Return the plan for what is not there yet."""
        return waiting_plan(
            work, reason, message, now, after_seconds=after_seconds, phase=Phase.WAITING
        )

    def stalled(self, work: Banner, reason: str, message: str, now: datetime) -> BannerPlan:
        """Return the plan for what only the user can mend."""
        return stalled_plan(work, reason, message, now, phase=Phase.TORN)

    async def decide(self, work: Banner, now: datetime) -> BannerPlan:
        """Observe and decide."""
        children = self._shared.children
        known = self._shared.jobs.get(ObjectKey(children.namespace, _job_name(work)))
        return decide(Observed(work, known is not None), now)

    async def act(
        self, work: Banner, action: HangUp, status: BannerStatus | None, now: datetime
    ) -> BannerStatus | None:
        """Create the Job."""
        del action, now
        metadata = work.metadata
        job = restricted_job(
            Reference("Banner", metadata.namespace, metadata.name, metadata.uid),
            name=_job_name(work),
            namespace=self._shared.children.namespace,
            role="banner",
            deadline_seconds=60,
            pod=PodSettings(image="localhost/banner:test"),
            container={"name": "hang"},
            volumes=(),
        )
        made, _ = await self._shared.children.create_job(job)
        self._shared.jobs.put(made)
        return status

    async def gone(self, metadata: ObjectMeta) -> Sequence[Fact]:
        """Take its Job down."""
        for job in await self._shared.children.jobs_of(metadata.uid):
            await self._shared.children.delete_job(job["metadata"]["name"])
        return ()


def _job_name(banner: Banner) -> str:
    return child_name(banner.metadata.name, banner.metadata.uid, "hang", 1)


# 4. What wires it; the factory's list gets one line.


def wire(shared: Shared) -> Wired:
    """Return the kind, ready to run."""
    return Wired(
        kind=Kind(resource=BANNERS, types=Banner),
        service=BannerService(shared),
        watched=WatchedObjects(keeps_deleted=True),
        objects=Objects(shared.client, BANNERS, reporter=shared.settings.pod_name),
    )
