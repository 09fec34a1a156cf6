"""The options that commands share, and the session that those of the cluster stand for."""

import annotationlib
import asyncio
import inspect
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, Final, Literal, cast
from uuid import UUID

import typer

from venture_cli.domain.accounts import account_name
from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.choices import Connection
from venture_cli.domain.durations import parse_duration
from venture_cli.domain.eventfilter import parse_since
from venture_cli.domain.pagerange import parse_pages
from venture_cli.program import ACTING_AS, DEFAULT_SYSTEM_NAMESPACE, SYSTEM_NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from venture_cli.domain.noun import Noun
    from venture_cli.services.session import Session

TargetName = Literal["Pptx", "Docx", "Xlsx", "Pdf", "Image", "Video"]
"""The targets, as `venture_core.artifacts.targets` has them."""
GATES: Final = (
    "contrast",
    "altText",
    "overflow",
    "emptySlides",
    "headings",
    "links",
    "formulas",
    "loudness",
    "duration",
    "captions",
    "fileSize",
)
Format = Literal["json", "yaml", "name"]
"""As `domain.choices` has it; typer takes no alias of a type."""
ListFormat = Literal["json", "yaml", "name", "wide"]


def seconds(text: str) -> float:
    """Return the seconds of a `TimeLimit`."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--timeout") from None


def since_moment(text: str | None) -> datetime | None:
    """Return the moment of a `Since`, None where none is given."""
    try:
        return None if text is None else parse_since(text, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None


def checked_gate(text: str) -> str:
    """Return the name of a gate."""
    if text not in GATES:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(GATES)}")
    return text


def checked_pages(text: str | None) -> tuple[tuple[int, int], ...]:
    """Return the parts of `--pages`, none where all are wanted."""
    try:
        return () if text is None else parse_pages(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--pages") from None


def checked_name(noun: Noun) -> Callable[[str], str]:
    """Return the parser of an argument that names an object of a kind."""

    def parse(text: str) -> str:
        try:
            return noun.object_name(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parse


def checked_account(text: str) -> str:
    """Return the name of an account."""
    try:
        return account_name(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def checked_phase(noun: Noun) -> Callable[[str], str]:
    """Return the parser of a phase of a kind, in whatever case it is typed."""

    def parse(text: str) -> str:
        for phase in noun.phases:
            if phase.lower() == text.lower():
                return phase
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(noun.phases)}")

    return parse


BuildName = Annotated[
    str,
    typer.Argument(
        parser=checked_name(ARTIFACT), metavar="NAME", help="The ArtifactBuild: NAME or ab/NAME."
    ),
]
AccountName = Annotated[
    str,
    typer.Argument(parser=checked_account, metavar="ACCOUNT", help="The name of the account."),
]
AuthorityFile = Annotated[
    Path | None,
    typer.Option("--authority", metavar="PEM", help="Who signs the API's certificate."),
]
EventId = Annotated[UUID, typer.Argument(metavar="EVENT", help="The event's id.")]
WorkflowId = Annotated[
    UUID | None,
    typer.Option("--workflow", metavar="UUID", help="Only what happened in this workflow."),
]
TypePattern = Annotated[
    str,
    typer.Option(
        "--type", metavar="PATTERN", help="Only events of these types, such as 'artifact.build.*'."
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Begin there: 5m, 2h, 7d ago, or a moment such as 2026-11-23T08:00:00Z. "
        "Default: the first event of a workflow or build, else now.",
    ),
]
Follow = Annotated[
    bool, typer.Option("--follow/--no-follow", help="Go on with the events to come.")
]
Document = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A document or an ArtifactBuild manifest, in JSON or YAML; - reads standard input.",
    ),
]
Assets = Annotated[
    list[str],
    typer.Option(
        "--asset", metavar="NAME=PATH", help="A picture the document names. May be repeated."
    ),
]
Theme = Annotated[
    Path | None,
    typer.Option(
        "--theme", metavar="FILE", help="Lay this theme under the document: JSON or YAML."
    ),
]
SkippedGates = Annotated[
    list[str],
    typer.Option(
        "--skip-gate",
        parser=checked_gate,
        metavar="GATE",
        help=f"Do not run this quality gate ({', '.join(GATES)}). May be repeated.",
    ),
]
AllNamespaces = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="Those of all namespaces.")
]
OutputFormat = Annotated[
    Format | None,
    typer.Option("--output", "-o", "--format", help="Print this on standard output."),
]
ResultFormat = Annotated[
    Format | None,
    typer.Option("--format", help="Print this on standard output, instead of a summary."),
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until it is ready or has failed.")
]
TimeLimit = Annotated[
    str, typer.Option("--timeout", metavar="TIME", help="How long to wait: 90, 90s, 5m, 1h.")
]
DEFAULT_TIMEOUT: Final = "10m"
LogKeys = Annotated[
    list[str],
    typer.Option(
        "--key",
        metavar="KEY",
        help="A public key of the log: a verifier key, or a file with such lines or a PEM. "
        "May be repeated.",
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="The log, its keys with the sizes each was good for, and its witnesses "
        "(`audit policy`).",
    ),
]
LogOrigin = Annotated[
    str | None,
    typer.Option(
        "--origin",
        metavar="NAME",
        help="The log's name, where a key in PEM does not say it.",
    ),
]
NONE_GIVEN: Final[list[Any]] = []
"""The default of options that may be repeated; nobody writes to it."""
OutputFile = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="Where to save the artifact: a file, a folder, or - for standard output.",
    ),
]
Keys = Annotated[
    list[Path],
    typer.Option(
        "--key",
        metavar="PEM",
        help="Trust this public key, not the cluster's published ones. May be repeated.",
    ),
]

_Kubeconfig = Annotated[
    str | None,
    typer.Option("--kubeconfig", metavar="PATH", help="The kubeconfig file."),
]
_Context = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="The kubeconfig context."),
]
_Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", metavar="NAME", help="The namespace of the object."),
]
_SystemNamespace = Annotated[
    str,
    typer.Option(
        "--system-namespace",
        metavar="NAME",
        envvar="VENTURE_SYSTEM_NAMESPACE",
        help="Where Venture is installed.",
    ),
]


_Release = Annotated[
    str | None,
    typer.Option(
        "--release",
        metavar="NAME",
        envvar="VENTURE_RELEASE",
        help="The Helm release, where several are in that namespace.",
    ),
]


def clustered[**P](
    command: Callable[Concatenate[Session, P], Coroutine[Any, Any, None]], **annotations: object
) -> Callable[..., None]:
    """Make a command of a coroutine that takes a session, with the options that choose its cluster.

    The session connects to nothing until it is asked to. `annotations` take the place of those of
    parameters that mean something else for each kind.
    """
    coroutine = cast("Callable[..., Coroutine[Any, Any, None]]", command)

    @wraps(command, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
    def run(
        kubeconfig: _Kubeconfig = None,
        context: _Context = None,
        namespace: _Namespace = None,
        system_namespace: _SystemNamespace = DEFAULT_SYSTEM_NAMESPACE,
        release: _Release = None,
        **own: object,
    ) -> None:
        from venture_cli.services.session import Session

        SYSTEM_NAMESPACE.set(system_namespace)
        connection = Connection(
            kubeconfig=kubeconfig,
            context=context,
            namespace=namespace,
            system_namespace=system_namespace,
            release=release,
        )

        session = Session(connection)

        async def within_session() -> None:
            async with session:
                await coroutine(session, **own)

        try:
            asyncio.run(within_session())
        finally:
            ACTING_AS.set(session.account)

    _, *own = _parameters(command)
    *shared, _ = _parameters(run)
    parameters = [
        each.replace(
            kind=inspect.Parameter.KEYWORD_ONLY,
            annotation=annotations.get(each.name, each.annotation),
        )
        for each in (*own, *shared)
    ]
    # Typer reads the signature to find out which options there are.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    signature = inspect.signature(
        function,
        follow_wrapped=False,
        # The session's type is only known to type checkers.
        annotation_format=annotationlib.Format.FORWARDREF,
    )
    return list(signature.parameters.values())
