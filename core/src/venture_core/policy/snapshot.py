"""A bundle, compiled: immutable, and ready to judge requests by."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_crds.v1alpha1.policybundle import (
        Governed,
        ModelGrant,
        PolicyBundleSpec,
        PolicyRule,
    )

    from venture_core.policy.expressions import Expression
    from venture_core.policy.matching import DomainPattern


@dataclass(frozen=True, slots=True)
class CompiledTool:
    """A tool that a role may call."""

    name: str
    when: Expression | None
    domains: tuple[DomainPattern, ...]
    calls_per_minute: int | None


@dataclass(frozen=True, slots=True)
class CompiledRole:
    """What agents of a role may do."""

    name: str
    tools: Mapping[str, CompiledTool]
    models: tuple[ModelGrant, ...]
    daily_budget_cents: int | None
    max_concurrent: int | None
    timeout_seconds: int | None


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule, for requests of one kind."""

    rule: PolicyRule
    when: Expression | None


@dataclass(frozen=True, slots=True)
class Layer:
    """One bundle."""

    hash: str
    spec: PolicyBundleSpec
    roles: Mapping[str, CompiledRole]
    rules: Mapping[Governed, tuple[CompiledRule, ...]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What governs: a bundle, or the platform's baseline with a namespace's own bundle."""

    layers: tuple[Layer, ...]
    """The baseline first. Each judges by itself, and the stricter decides."""

    @property
    def hash(self) -> str:
        """The content hash of the namespace's own bundle, or of the baseline where it is alone."""
        return self.layers[-1].hash

    @property
    def baseline_hash(self) -> str | None:
        """The content hash of the baseline that governs beside the own bundle, if one does."""
        return self.layers[0].hash if len(self.layers) > 1 else None


def combine(baseline: Snapshot | None, own: Snapshot | None) -> Snapshot | None:
    """Return what governs where both bundles do; None where there is neither."""
    if baseline is None or own is None:
        return own or baseline
    if baseline.hash == own.hash:
        return own
    return Snapshot(layers=(*baseline.layers, *own.layers))
