"""The one loop: observe, decide, record, act, write, tell. Kinds bring what is special.

Every error ends in a condition, by one table (`services.troubles`), and in a time to look again.
"""

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import structlog
from pydantic import ValidationError
from venture_core.kubernetes.bounded import UNREADABLE
from venture_core.kubernetes.errors import ConflictError, KubernetesError, NotFoundError
from venture_core.record.append import AppendRefusedError
from venture_crds.v1alpha1.lifecycle import BoundedStatus, LifecycleStatus
from venture_crds.v1alpha1.meta import ObjectMeta
from venture_crds.v1alpha1.reasons import CommonReason

from venture_operator import metrics
from venture_operator.domain import conditions
from venture_operator.domain.conditions import Standing, stalled, working
from venture_operator.domain.plan import Plan, Snapshot, with_state
from venture_operator.errors import TransientError
from venture_operator.services.troubles import trouble_of
from venture_operator.services.watches import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import StrEnum

    from venture_crds.base import StatusModel
    from venture_crds.resource import Resource

    from venture_operator.domain.facts import Fact, Subject
    from venture_operator.domain.plan import Transition
    from venture_operator.domain.references import Reference
    from venture_operator.services.kind import Kind
    from venture_operator.services.troubles import Trouble
    from venture_operator.storage.objects import Objects
    from venture_operator.storage.record import Record
    from venture_operator.storage.watched import ObjectKey, WatchedObjects

type Body = dict[str, Any]

CHANGED_SECONDS: Final = 1.0
"""When to look again after a conflict; the object's own event comes before."""
UNTOLD_KEPT: Final = 1000
UNTOLD_SECONDS: Final = 5.0
PARTS_SHOWN: Final = 8
PART_SHOWN: Final = 64
PROBLEM_SHOWN: Final = 200

log = structlog.get_logger(__name__)


class Service[R: Resource, S: LifecycleStatus, A](Protocol):
    """What a kind does: it observes and decides, and carries out the actions of its plans.

    Every method may raise; `services.troubles` says what the object's condition is then.
    """

    def subject(self, metadata: ObjectMeta) -> Subject:
        """Return whose chain of events the object's facts join."""

    def phase(self, work: R, standing: Standing) -> StrEnum:
        """Return the phase for people that goes with a standing."""

    async def decide(self, work: R, now: datetime) -> Plan[S, A]:
        """Observe all that matters, and decide."""

    async def act(self, work: R, action: A, status: S | None, now: datetime) -> S | None:
        """Carry out an action, safe to repeat; return the status with what came out of it."""

    def waiting(
        self, work: R, reason: str, message: str, after_seconds: float, now: datetime
    ) -> Plan[S, A]:
        """Return the plan for something that is not there yet, or does not answer."""

    def stalled(self, work: R, reason: str, message: str, now: datetime) -> Plan[S, A]:
        """Return the plan for what only the user can mend."""

    async def gone(self, metadata: ObjectMeta) -> Sequence[Fact]:
        """Clean up after an object that was deleted; return what the record says of it.

        Safe to repeat. It comes early where somebody's finalizer keeps a deleted object for a
        while: then nothing is recorded yet.
        """


class _ChangedError(Exception):
    """The object changed, or went, while we worked on what it was."""


class Reconciler[R: Resource, S: LifecycleStatus, A]:
    """Brings the objects of one kind to their end, whatever happened before and whoever died."""

    def __init__(
        self,
        kind: Kind,
        service: Service[R, S, A],
        *,
        watched: WatchedObjects,
        objects: Objects,
        record: Record,
        wake: Callable[[Reference], None],
    ) -> None:
        self._kind = kind
        self._service = service
        self._watched = watched
        self._objects = objects
        self._record = record
        self._wake = wake
        self._untold: deque[tuple[Body, Transition]] = deque(maxlen=UNTOLD_KEPT)

    async def reconcile(self, key: ObjectKey) -> float | None:
        """Do what the object needs now; return in how many seconds to look again, if at all."""
        for gone in self._watched.deleted(key):
            if (put_off := await self._take_leave(gone)) is not None:
                return put_off
        body = self._watched.get(key)
        if body is None:
            return None
        if body["metadata"].get("deletionTimestamp"):
            return await self._end_work(body)
        try:
            again = await self._look(body)
        except _ChangedError:
            again = CHANGED_SECONDS
        return await self._tell(again)

    async def _look(self, body: Body) -> float | None:
        """Decide and carry it out, or say what is in the way."""
        now = datetime.now(UTC)
        try:
            work = self._parse(body)
        except (ValidationError, RecursionError) as error:
            await self._refuse(body, body.get(UNREADABLE) or _first_problem(error), now)
            return None
        try:
            if not conditions.has_ended(cast("S", work.status)):
                self._record.require()
            plan = await self._service.decide(work, now)
            if plan != Plan():
                self._record.require()
            await self._record.append(self._service.subject(work.metadata), plan.facts, now)
            if plan.intent is not None:
                body = await self._write(body, plan.intent.to_json()) or body
            status = plan.status
            for action in plan.actions:
                status = await self._service.act(work, action, status, now)
        except _ChangedError:
            raise
        except Exception as error:
            trouble = trouble_of(error)
            if trouble is None:
                raise
            again = await self._explain(body, trouble, now)
            if trouble.is_defect:
                raise
            return again
        await self._conclude(body, work.status, status, plan.transition)
        return plan.requeue_after_seconds

    async def _explain(self, body: Body, trouble: Trouble, now: datetime) -> float | None:
        """Have the object's conditions say what is in the way; an intent may be written by now."""
        work = self._parse(body)
        if trouble.after_seconds is None:
            plan = self._service.stalled(work, trouble.reason, trouble.message, now)
        else:
            after = trouble.after_seconds
            plan = self._service.waiting(work, trouble.reason, trouble.message, after, now)
        status, transition, again = plan.status, plan.transition, plan.requeue_after_seconds
        try:
            await self._record.append(self._service.subject(work.metadata), plan.facts, now)
        except (TransientError, AppendRefusedError) as error:
            # What could not be recorded is not said to have happened, either.
            if (further := trouble_of(error)) is None:
                raise
            state = working(further.reason, further.message)
            snapshot = Snapshot(work.metadata, cast("S", work.status))
            phase = self._service.phase(work, Standing.WORKING)
            status, transition = with_state(snapshot, state, now, phase=phase), None
            again = further.after_seconds
        await self._conclude(body, work.status, status, transition)
        return again

    async def _conclude(
        self, body: Body, before: StatusModel, status: S | None, transition: Transition | None
    ) -> None:
        """Write the status if it differs; count what ended, and have the news told."""
        if status is None:
            return
        written = await self._write(body, status.to_json())
        if written is None or transition is None:
            return
        log.info("transition", reason=transition.reason, message=transition.message)
        if _has_ended(before, status):
            metrics.FINISHED.labels(self._kind.name, transition.reason).inc()
        self._untold.append((written, transition))

    async def _write(self, body: Body, status: Body) -> Body | None:
        """Write the status; return the object as it is then, None where nothing differs."""
        try:
            written = await self._objects.write_status(body, status)
        except (ConflictError, NotFoundError) as error:
            raise _ChangedError from error
        if written is not None:
            self._take_over(kept(written, self._kind.stub))
        return written

    def _take_over(self, body: Body) -> None:
        """Remember what was written: to the watch it is no news, so others are woken here."""
        self._watched.put(body)
        for each in self._kind.also_wakes(body):
            self._wake(each)

    async def _tell(self, again: float | None) -> float | None:
        """Post the Events that are due, those that could not be posted before among them."""
        while self._untold:
            body, transition = self._untold.popleft()
            try:
                await self._objects.post_event(body, transition)
            except KubernetesError as error:
                if not error.retryable:
                    # The namespace goes, or events are forbidden there: it is in the log above.
                    log.info("event_refused", error=error.message)
                    continue
                self._untold.appendleft((body, transition))
                log.warning("event_not_posted", error=error.message, waiting=len(self._untold))
                return UNTOLD_SECONDS if again is None else min(again, UNTOLD_SECONDS)
        return again

    async def _refuse(self, body: Body, message: str, now: datetime) -> None:
        """Say on an object that our types do not take it; once, since the condition stays."""
        metadata = ObjectMeta.model_validate(body["metadata"])
        status = _readable_part(body)
        if status.observed_generation == metadata.generation and conditions.has_ended(status):
            return
        log.warning("object_unreadable", problem=message)
        state = stalled(CommonReason.UNREADABLE, message)
        refused = with_state(Snapshot(metadata, status), state, now)
        await self._write(body, {**body.get("status", {}), **refused.to_json()})

    async def _end_work(self, body: Body) -> float | None:
        """End the work on an object that is being deleted.

        A finalizer of a tenant's may keep it for ever: it keeps no Job, and no place from others.
        """
        try:
            await self._service.gone(ObjectMeta.model_validate(body["metadata"]))
        except Exception as error:
            return _put_off(error, "deleted_object_not_cleared")
        return None

    async def _take_leave(self, body: Body) -> float | None:
        """Clean up after an object that is gone, and have the record say so, however late."""
        metadata = ObjectMeta.model_validate(body["metadata"])
        try:
            facts = await self._service.gone(metadata)
            await self._record.append(self._service.subject(metadata), facts, datetime.now(UTC))
        except Exception as error:
            return _put_off(error, "deletion_not_recorded")
        self._watched.forget(body)
        log.info("object_deleted", uid=metadata.uid)
        return None

    def _parse(self, body: Body) -> R:
        return cast("R", self._kind.types.model_validate(body))


def _put_off(error: Exception, event: str) -> float:
    """Return in how many seconds to clean up again; raise what is a defect."""
    trouble = trouble_of(error)
    if trouble is None or trouble.is_defect:
        raise error
    log.warning(event, reason=trouble.reason, error=trouble.message)
    return trouble.after_seconds or CHANGED_SECONDS


def _has_ended(before: StatusModel, after: LifecycleStatus) -> bool:
    """Return whether a bounded object's work ended just now."""
    if not isinstance(before, BoundedStatus) or not isinstance(after, BoundedStatus):
        return False
    return conditions.has_ended(after) and after.finished_at != before.finished_at


def _readable_part(body: Body) -> BoundedStatus:
    """Return of an unreadable object's status what every kind has, as far as it can be read."""
    try:
        return BoundedStatus.model_validate(body.get("status", {}))
    except ValidationError, RecursionError:
        return BoundedStatus()


def _first_problem(error: Exception) -> str:
    """Return where and why an object is unreadable, never what stands there."""
    if not isinstance(error, ValidationError):
        return "the object is nested too deeply"
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part)[:PART_SHOWN] for part in first["loc"][:PARTS_SHOWN])
    return f"{where}: {first['msg'][:PROBLEM_SHOWN]}"
