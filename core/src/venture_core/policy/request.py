"""What is judged: calls, connections and spends of agents, and objects."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, override

from venture_crds.v1alpha1.policybundle import Governed, Provider

if TYPE_CHECKING:
    from datetime import datetime

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRole:
    """Something that an agent does in its role."""

    namespace: str
    role: str
    now: datetime

    def variables(self) -> Json:
        """Return what expressions see of every request of a role."""
        return {"namespace": self.namespace, "role": self.role, "now": self.now}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(OfRole):
    """A call of a tool. `arguments` is JSON."""

    kind: ClassVar[Governed] = Governed.TOOL_CALL
    tool: str
    arguments: Json = field(default_factory=dict)

    @override
    def variables(self) -> Json:
        """Return what expressions see of a call."""
        return OfRole.variables(self) | {"tool": self.tool, "args": self.arguments}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall(OfRole):
    """A call of a language model."""

    kind: ClassVar[Governed] = Governed.MODEL_CALL
    provider: Provider
    model: str

    @override
    def variables(self) -> Json:
        """Return what expressions see of a call."""
        return OfRole.variables(self) | {"provider": str(self.provider), "model": self.model}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(OfRole):
    """A connection to a host of the web, by its name."""

    kind: ClassVar[Governed] = Governed.CONNECTION
    host: str
    """As `matching.normal_host` gives it."""
    port: int

    @override
    def variables(self) -> Json:
        """Return what expressions see of a connection."""
        return OfRole.variables(self) | {"host": self.host, "port": self.port}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend(OfRole):
    """A payment out of a MoneyIntent."""

    kind: ClassVar[Governed] = Governed.SPEND
    merchant: str
    category: str
    currency: str
    cents: int

    @override
    def variables(self) -> Json:
        """Return what expressions see of a payment."""
        return OfRole.variables(self) | {
            "merchant": self.merchant,
            "category": self.category,
            "currency": self.currency,
            "cents": self.cents,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRequest:
    """An object that is to be accepted: one of `kind` Workflow, MoneyIntent or ArtifactBuild.

    `spec` is as the API server stores it. Documents are no matter of policy, and are left out by
    `spec_without_documents`.
    """

    kind: Governed
    namespace: str
    name: str
    spec: Json
    now: datetime
    requester: Json = field(default_factory=dict)
    """`user` and `groups` of who asks, where that is known."""

    def variables(self) -> Json:
        """Return what expressions see of an object."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "now": self.now,
            "spec": spec_without_documents(self.spec),
            "requester": {"user": "", "groups": []} | self.requester,
        }


type Request = ToolCall | ModelCall | Connection | Spend | ObjectRequest
"""What bundles judge."""

MAX_TASKS: Final = 100


def spec_without_documents(spec: Json) -> Json:
    """Return a spec without the documents in it: their size is nobody's business here."""
    if isinstance(spec.get("source"), dict) and "inline" in spec["source"]:
        spec = {**spec, "source": {**spec["source"], "inline": {}}}
    tasks = spec.get("tasks")
    if not isinstance(tasks, list):
        return spec
    return {**spec, "tasks": [_task_without_document(task) for task in tasks[:MAX_TASKS]]}


def _task_without_document(task: Any) -> Any:  # noqa: ANN401  JSON as it came
    artifact = task.get("artifact") if isinstance(task, dict) else None
    if not isinstance(artifact, dict):
        return task
    return {**task, "artifact": spec_without_documents(artifact)}
