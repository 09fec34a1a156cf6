"""What bundles and decisions look like."""

from typing import TYPE_CHECKING, Final

from venture_core.policy.wire import written

from venture_cli.views.structured import print_data
from venture_cli.views.terminal import out

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.policy.decision import Decision
    from venture_core.policy.snapshot import Snapshot

    from venture_cli.domain.choices import Format
    from venture_cli.domain.policyfiles import Outcome

_STYLES: Final = {"Allow": "green", "RequireApproval": "yellow", "Deny": "red"}


def print_linted(file: Path, snapshot: Snapshot) -> None:
    """Print that a bundle can be published, and as what."""
    (layer,) = snapshot.layers
    out().print(
        f"{file}: version {layer.spec.version}, {len(layer.spec.roles)} roles, "
        f"{len(layer.spec.rules)} rules, ",
        (snapshot.hash, "dim"),
    )


def print_decision(decision: Decision, form: Format | None) -> None:
    """Print what becomes of a request, and every finding."""
    if form is not None:
        print_data(written(decision), form)
        return
    out().print(
        (str(decision.action), f"bold {_STYLES[decision.action]}"),
        f": {decision.message} ({decision.reason_code}, rule {decision.rule})",
    )
    if decision.quorum:
        out().print(f"  {decision.quorum} people within {decision.ttl_seconds} s")
    for each in decision.findings:
        of = (each.bundle_hash[:19] or "no bundle", "dim")
        verdict = (f"{each.action!s:16}", _STYLES[each.action])
        out().print("  ", verdict, f"{each.rule}: {each.message} ", of)
    for alert in decision.alerts:
        out().print("  ", (f"{'Alert':16}", "cyan"), f"{alert.rule}: {alert.message}")


def print_outcome(outcome: Outcome) -> None:
    """Print a line of a table."""
    if outcome.wrong:
        out().print(("FAIL", "red"), f" {outcome.name}: {'; '.join(outcome.wrong)}")
    else:
        out().print(("ok", "green"), f"   {outcome.name}")
