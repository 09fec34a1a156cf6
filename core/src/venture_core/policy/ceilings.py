"""Limits that somebody else keeps count of: the smallest of all bundles that govern."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from venture_crds.v1alpha1.policymoney import Velocity

    from venture_core.policy.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class RoleCeilings:
    """How much agents of a role may do in a namespace; None: no limit."""

    daily_budget_cents: int | None
    max_concurrent: int | None
    timeout_seconds: int | None


@dataclass(frozen=True, slots=True)
class MoneyCeilings:
    """How much may be spent."""

    per_workflow_cents: int
    per_day_cents: int
    per_transaction_cents: int
    """What the merchant may get at once."""
    velocities: tuple[Velocity, ...]
    """How fast money may go to the merchant: each of them holds."""


def role_ceilings(snapshot: Snapshot, role: str) -> RoleCeilings | None:
    """Return the limits of a role, None where some bundle has no such role."""
    found = [layer.roles.get(role) for layer in snapshot.layers]
    roles = [each for each in found if each is not None]
    if len(roles) < len(found):
        return None
    return RoleCeilings(
        daily_budget_cents=_least(each.daily_budget_cents for each in roles),
        max_concurrent=_least(each.max_concurrent for each in roles),
        timeout_seconds=_least(each.timeout_seconds for each in roles),
    )


def calls_per_minute(snapshot: Snapshot, role: str, tool: str) -> int | None:
    """Return how often a workload of the role may call the tool in a minute; None: no limit."""
    roles = [layer.roles[role] for layer in snapshot.layers if role in layer.roles]
    return _least(each.tools[tool].calls_per_minute for each in roles if tool in each.tools)


def money_ceilings(snapshot: Snapshot, merchant: str) -> MoneyCeilings | None:
    """Return what limits payments to a merchant, None where some bundle lets nobody pay it."""
    money = [layer.spec.money for layer in snapshot.layers]
    found = [
        (each, payee)
        for each in money
        if each is not None
        for payee in each.merchants
        if payee.id == merchant
    ]
    if len(found) < len(money):
        return None
    return MoneyCeilings(
        per_workflow_cents=min(each.per_workflow_cents for each, _ in found),
        per_day_cents=min(each.per_day_cents for each, _ in found),
        per_transaction_cents=min(payee.per_transaction_cents for _, payee in found),
        velocities=tuple(payee.velocity for _, payee in found if payee.velocity is not None),
    )


def _least(limits: Iterable[int | None]) -> int | None:
    return min((each for each in limits if each is not None), default=None)
