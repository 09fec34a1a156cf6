"""What a loss of the log looks like."""

from typing import TYPE_CHECKING

from venture_cli.views.objects import print_facts
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from venture_core.record.recovery import Damage


def print_damage(damage: Damage, *, decided: bool) -> None:
    """Print what is lost, and what to do where nothing is decided yet."""
    facts = {}
    if damage.loss is not None:
        facts = {
            "kept": f"the first {damage.loss.kept_size} events of the log",
            "lost": f"what was signed up to {damage.loss.lost_size} events",
            "root then": damage.loss.lost_root.hex(),
            "found at": damage.loss.found_at.isoformat(),
        }
    facts["phantoms"] = f"{len(damage.phantoms)} events that consumers may have seen"
    print_facts(facts)
    if not decided:
        err().print("Nothing is changed. With --yes, the log goes on and says all of this.")


def print_recovered(epoch: int, damage: Damage) -> None:
    """Print that the log goes on."""
    if damage.loss is None:
        out().print(f"the phantoms are named; the log is in epoch {epoch}")
        return
    out().print(f"epoch {epoch} begins; sequencer and relay go on within seconds")
