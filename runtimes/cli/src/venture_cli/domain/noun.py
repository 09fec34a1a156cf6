"""A kind as the command line speaks of it. A new kind brings one of these, and what is special."""

import enum
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from venture_cli.domain.standing import Standing, State, standing
from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from venture_core.kubernetes.resources import Resource

type Body = dict[str, Any]

MAX_NAME: Final = 63
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


class Control(enum.Enum):
    """What people can ask of an object through its spec."""

    SUSPEND = "spec.suspend: hold it back, and let it go on"
    RETRY = "spec.retry: do it once more"
    SHUTDOWN = "spec.shutdown: end it"


def _nothing_more(_: Body) -> tuple[str, ...]:
    return ()


def _no_facts(_: Body) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """What the common commands have to know of a kind."""

    name: str
    """The group of its commands: `artifact`."""
    resource: Resource
    one: str
    """What a sentence calls one object: `build`."""
    doing: str = "in progress"
    """What a sentence says of one that is worked on: it `is building`."""
    held: str = "what runs is stopped"
    """What `suspend` means for what runs."""
    aliases: tuple[str, ...] = ()
    """Its short names: `ab`."""
    phases: tuple[str, ...] = ()
    """The phases that a list can be narrowed to; the CRD makes them selectable."""
    controls: frozenset[Control] = frozenset()
    facts: Callable[[Body], dict[str, str]] = _no_facts
    """What `get` shows besides the standing: label and value."""
    findings: Callable[[Body], tuple[str, ...]] = _nothing_more
    """What is wrong in detail, a line each."""
    mendable: Mapping[str, str] = field(default_factory=dict)
    """For reasons that trying again cannot help: what does."""
    when_ready: str = "get"
    """The command that comes next once an object is ready."""

    @property
    def full_name(self) -> str:
        """What kubectl calls the kind in `-o name`: `artifactbuild.venture.parpour.dev`."""
        return f"{self.resource.kind.lower()}.{self.resource.group}"

    def refers(self, text: str) -> bool:
        """Return whether an argument is spelled `ab/NAME`, which can only mean an object."""
        kind, slash, _ = text.partition("/")
        known = (*self.aliases, self.resource.kind.lower(), self.resource.plural)
        return bool(slash) and kind.lower().removesuffix(f".{self.resource.group}") in known

    def object_name(self, text: str) -> str:
        """Return the name in `NAME`, `ab/NAME` or what `-o name` prints; ValueError if none."""
        name = text.partition("/")[2] if self.refers(text) else text
        if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise ValueError(
                f"{name!r} is no name of {_a(self.resource.kind)}: at most {MAX_NAME} lower-case "
                "letters, digits, '-' and '.'"
            )
        return name

    def once_more(self, word: str) -> Body:
        """Return what of a spec has it done once more; an end that was asked for forbids that."""
        ends = {"shutdown": None} if Control.SHUTDOWN in self.controls else {}
        return {"retry": word} | ends

    def hint(self, verb: str, body: Body) -> str:
        """Return the command that does that to an object."""
        metadata = body["metadata"]
        return hint(self.name, verb, metadata["name"], namespace=metadata["namespace"])


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "AEIOU" else f"a {noun}"


def stalled_error(noun: Noun, body: Body) -> CliError:
    """Return the error that says why an object stalled, finding by finding, and what can help."""
    now = standing(body)
    advice = noun.mendable.get(now.reason, "")
    if not advice and Control.RETRY in noun.controls:
        advice = f"Try once more: {noun.hint('retry', body)}"
    return CliError(
        f"{body['metadata']['name']} stalled ({now.reason}): {now.message}",
        ExitCode.BUILD_FAILED,
        details=noun.findings(body),
        next_step=advice,
    )


def not_ready_error(noun: Noun, body: Body) -> CliError:
    """Return the error for a command that needs an object to be ready."""
    now = standing(body)
    if now.state is State.STALLED:
        return stalled_error(noun, body)
    return CliError(
        f"{body['metadata']['name']} is not ready: {now.sentence()}", next_step=going_on(noun, body)
    )


def going_on(noun: Noun, body: Body, now: Standing | None = None) -> str:
    """Return what leads on from an object that is not ready yet."""
    now = now or standing(body)
    return noun.hint("resume" if now.state is State.SUSPENDED else "wait", body)
