"""The one loop: errors end in conditions, what is not recorded is not told, no news is lost."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from prometheus_client import REGISTRY
from venture_core.kubernetes.bounded import UNREADABLE
from venture_core.kubernetes.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    KubernetesError,
)
from venture_core.objectstore import ObjectStoreError
from venture_core.record.append import AppendRefusedError, StaleEpochError
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild
from venture_operator.domain.mergepatch import merge_patch
from venture_operator.errors import StalledError, TransientError, WaitingError
from venture_operator.kinds.artifactbuild.service import ArtifactBuildService
from venture_operator.kinds.artifactbuild.stub import stub
from venture_operator.services.kind import Kind
from venture_operator.services.reconciler import Reconciler
from venture_operator.storage.watched import ObjectKey, WatchedObjects

if TYPE_CHECKING:
    from datetime import datetime

    from venture_operator.domain.facts import Fact
    from venture_operator.domain.plan import Transition

type Body = dict[str, Any]
KEY = ObjectKey("team", "deck")


@dataclass
class Cluster:
    """Objects as the API server has them: it takes a status, or says what it was told to say."""

    body: Body
    events: list[str] = field(default_factory=list)
    refusals: list[Exception] = field(default_factory=list)

    async def write_status(self, body: Body, status: Body) -> Body | None:
        patch = merge_patch(body.get("status", {}), status)
        if not patch:
            return None
        version = str(int(self.body["metadata"]["resourceVersion"]) + 1)
        metadata = self.body["metadata"] | {"resourceVersion": version}
        self.body = self.body | {"metadata": metadata, "status": status}
        return self.body

    async def post_event(self, body: Body, transition: Transition) -> None:
        del body
        if self.refusals:
            raise self.refusals.pop()
        self.events.append(transition.reason)


@dataclass
class Ledger:
    """The record, which may be away."""

    told: list[str] = field(default_factory=list)
    is_away: bool = False

    def require(self) -> None:
        if self.is_away:
            raise TransientError("RecordUnavailable", "the database did not answer")

    async def append(self, subject: object, facts: tuple[Fact, ...], now: datetime) -> None:
        del subject, now
        if facts:
            self.require()
        self.told += [each.event_type.removeprefix("artifact.build.") for each in facts]


class Stage:
    """A build, and a service that meets one error when it observes."""

    def __init__(self, *, spec: Body | None = None, status: Body | None = None) -> None:
        body = {
            "apiVersion": "venture.parpour.dev/v1alpha1",
            "kind": "ArtifactBuild",
            "metadata": {
                "name": "deck",
                "namespace": "team",
                "uid": "5b3f0d8e-0000-4000-8000-000000000001",
                "resourceVersion": "1",
                "generation": 1,
            },
            "spec": {"target": "Pptx", "source": {"inline": {}}} | (spec or {}),
            "status": status or {},
        }
        self.cluster, self.ledger = Cluster(body), Ledger()
        self.watched = WatchedObjects(keeps_deleted=True)
        self.watched.put(body)
        self.error: Exception | None = None
        tools = SimpleNamespace(
            default_ttl_seconds=None,
            turns=SimpleNamespace(leave=lambda _key: None),
            children=SimpleNamespace(jobs_of=self._no_jobs, namespace="work"),
            jobs=WatchedObjects(),
            sources=SimpleNamespace(prepare=self._prepare),
            admitting=SimpleNamespace(require=self._no_bundle),
            freezes=SimpleNamespace(standing=lambda _namespace: None),
        )
        self.reconciler: Reconciler[Any, Any, Any] = Reconciler(
            Kind(resource=cast("Any", SimpleNamespace(kind="ArtifactBuild")), types=ArtifactBuild),
            ArtifactBuildService(cast("Any", tools)),
            watched=self.watched,
            objects=cast("Any", self.cluster),
            record=cast("Any", self.ledger),
            wake=lambda _reference: None,
        )

    async def _no_jobs(self, _uid: str) -> list[Body]:
        return []

    async def _prepare(self, _build: object) -> None:
        assert self.error is not None
        raise self.error

    async def _no_bundle(self, _request: object) -> SimpleNamespace:
        return SimpleNamespace(pin=None)

    async def look(self, error: Exception) -> float | None:
        self.error = error
        return await self.reconciler.reconcile(KEY)

    def condition(self, kind: str) -> tuple[str, str, str]:
        found = next(
            each for each in self.cluster.body["status"]["conditions"] if each["type"] == kind
        )
        return found["status"], found["reason"], found["message"]


@pytest.mark.parametrize(
    ("error", "kind", "reason", "again"),
    [
        (StalledError("InvalidDocument", "no"), "Stalled", "InvalidDocument", None),
        (WaitingError("SourceNotFound", "m", after_seconds=7), "Reconciling", "SourceNotFound", 7),
        (TransientError("JobRefused", "m"), "Reconciling", "JobRefused", 5),
        (ObjectStoreError("m"), "Reconciling", "StorageUnavailable", 5),
        (ForbiddenError(403, "Forbidden", "m"), "Reconciling", "ApiForbidden", 30),
        (InvalidError(422, "Invalid", "m"), "Reconciling", "ApiRefused", 30),
        (KubernetesError(400, "BadRequest", "m"), "Reconciling", "ApiRefused", 30),
        (KubernetesError(0, "Unreachable", "m"), "Reconciling", "ApiUnavailable", 5),
        (KubernetesError(429, "TooManyRequests", "m"), "Reconciling", "ApiUnavailable", 5),
        (KubernetesError(503, "ServiceUnavailable", "m"), "Reconciling", "ApiUnavailable", 5),
        (AppendRefusedError("m"), "Reconciling", "RecordRefused", 60),
    ],
)
async def test_every_error_ends_in_a_condition_and_a_way_back(
    error: Exception, kind: str, reason: str, again: float | None
) -> None:
    stage = Stage()
    assert await stage.look(error) == again
    status, said, message = stage.condition(kind)
    assert (status, said) == ("True", reason)
    assert message


async def test_a_defect_is_a_condition_too_and_goes_to_the_log_whole() -> None:
    stage = Stage()
    with pytest.raises(ZeroDivisionError):
        await stage.look(ZeroDivisionError("with a secret in it"))
    assert stage.condition("Reconciling")[1] == "InternalError"
    assert "secret" not in stage.condition("Reconciling")[2]


async def test_who_no_longer_leads_writes_nothing() -> None:
    stage = Stage()
    with pytest.raises(StaleEpochError):
        await stage.look(StaleEpochError("another leads"))
    assert stage.cluster.body["status"] == {}


async def test_news_and_counts_survive_an_event_that_could_not_be_posted() -> None:
    labels = {"kind": "ArtifactBuild", "reason": "InvalidDocument"}
    before = REGISTRY.get_sample_value("venture_finished_total", labels) or 0
    stage = Stage()
    stage.cluster.refusals = [KubernetesError(503, "ServiceUnavailable", "overloaded")]
    assert await stage.look(StalledError("InvalidDocument", "no")) == 5
    assert stage.condition("Stalled")[1] == "InvalidDocument"
    assert stage.cluster.events == []
    assert REGISTRY.get_sample_value("venture_finished_total", labels) == before + 1

    await stage.reconciler.reconcile(KEY)
    assert stage.cluster.events == ["InvalidDocument"]
    assert REGISTRY.get_sample_value("venture_finished_total", labels) == before + 1


async def test_an_event_that_is_refused_for_good_holds_up_no_other() -> None:
    stage = Stage()
    terminating = ForbiddenError(403, "Forbidden", "the namespace is being terminated")
    stage.cluster.refusals = [terminating]
    assert await stage.look(StalledError("InvalidDocument", "no")) is None
    assert stage.condition("Stalled")[1] == "InvalidDocument"


async def test_a_failure_that_cannot_be_recorded_is_not_said_to_have_happened() -> None:
    stage = Stage()
    stage.ledger.is_away = True
    await stage.look(StalledError("InvalidDocument", "no"))
    assert stage.condition("Reconciling")[:2] == ("True", "RecordUnavailable")
    assert stage.cluster.events == []
    stage.ledger.is_away = False
    await stage.look(StalledError("InvalidDocument", "no"))
    assert stage.condition("Stalled")[1] == "InvalidDocument"
    assert stage.ledger.told == ["failed.v1"]


async def test_a_resumption_is_recorded_when_the_source_is_missing_and_the_record_was_away() -> (
    None
):
    stage = Stage(status={"phase": "Suspended", "suspended": True})
    missing = WaitingError("SourceNotFound", "not there", after_seconds=10)
    stage.ledger.is_away = True
    await stage.look(missing)
    assert stage.condition("Reconciling")[1] == "RecordUnavailable"
    stage.ledger.is_away = False
    await stage.look(missing)
    await stage.look(missing)
    assert stage.ledger.told == ["resumed.v1"]
    assert stage.condition("Reconciling")[1] == "SourceNotFound"


@pytest.mark.parametrize("break_it", ["spec", "marked", "deep"])
async def test_what_cannot_be_read_says_so_once(break_it: str) -> None:
    stage = Stage(spec={"target": "Nothing"} if break_it == "spec" else None)
    body = stage.cluster.body
    if break_it == "marked":
        body = {k: body[k] for k in ("apiVersion", "kind", "metadata", "status")}
        body[UNREADABLE] = "spec has 300,000 bytes, 262,144 are read"
    elif break_it == "deep":
        deep: Body = {}
        for _ in range(5000):
            deep = {"a": deep}
        body = body | {"spec": body["spec"] | {"source": {"inline": {"a": deep}}}}
    body = body | {"metadata": body["metadata"] | {"resourceVersion": "2"}}
    stage.watched.put(body)
    stage.cluster.body = body
    assert await stage.look(AssertionError("never asked")) is None
    status, reason, message = stage.condition("Stalled")
    assert (status, reason) == ("True", "Unreadable")
    assert message
    version = stage.cluster.body["metadata"]["resourceVersion"]
    assert await stage.look(AssertionError("never asked")) is None
    assert stage.cluster.body["metadata"]["resourceVersion"] == version


async def test_the_end_of_an_object_is_recorded_when_the_record_is_back() -> None:
    stage = Stage()
    stage.watched.remove(stub(stage.cluster.body))
    stage.ledger.is_away = True
    assert await stage.reconciler.reconcile(KEY) == 5
    stage.ledger.is_away = False
    assert await stage.reconciler.reconcile(KEY) is None
    assert await stage.reconciler.reconcile(KEY) is None
    assert stage.ledger.told == ["deleted.v1"]


async def test_an_object_that_changed_meanwhile_is_looked_at_again() -> None:
    stage = Stage()

    async def conflict(_body: Body, _status: Body) -> Body | None:
        raise ConflictError(409, "Conflict", "changed")

    stage.cluster.write_status = conflict  # type: ignore[method-assign]
    assert await stage.look(StalledError("InvalidDocument", "no")) == 1
