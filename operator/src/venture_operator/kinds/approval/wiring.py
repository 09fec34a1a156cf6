"""What wires Approvals."""

from typing import TYPE_CHECKING

from venture_core.kubernetes.resources import APPROVALS
from venture_crds.v1alpha1.approval import Approval

from venture_operator.domain.references import Reference
from venture_operator.kinds.approval.service import ApprovalService
from venture_operator.services.kind import Kind, Wired
from venture_operator.storage.objects import Objects

if TYPE_CHECKING:
    from venture_operator.services.kind import Body, Shared


def wire(shared: Shared) -> Wired:
    """Return the kind, ready to run."""
    return Wired(
        kind=Kind(resource=APPROVALS, types=Approval, also_wakes=its_target),
        service=ApprovalService(shared.client),
        watched=shared.approvals,
        objects=Objects(shared.client, APPROVALS, reporter=shared.settings.pod_name),
    )


def its_target(body: Body) -> tuple[Reference, ...]:
    """Return what an approval is about: it waits to hear of it."""
    target = body.get("spec", {}).get("targetRef", {})
    kind, name = target.get("kind"), target.get("name")
    if not isinstance(kind, str) or not isinstance(name, str):
        return ()
    return (Reference(kind, body["metadata"]["namespace"], name),)
