"""How what is typed becomes the value of an option or an argument.

Typer has pydantic convert every value, even those that were not given, and importing that takes a
third of a short command's time. What a look decides, such as text and a word of a list, is decided
here; all else, and what is wrong, is typer's.
"""

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin, override

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

type _Parameter = TyperOption | TyperArgument
type _Process = Callable[[Any, Any], Any]

_UNDECIDED: Final = object()


class PlainCommand(TyperCommand):
    """A command that converts plain values by itself."""

    @override
    def get_params(self, ctx: Any) -> list[Any]:
        return _plainly(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group of commands that does so, too."""

    @override
    def get_params(self, ctx: Any) -> list[Any]:
        return _plainly(super().get_params(ctx))


def make_plain(group: typer.Typer) -> None:
    """Have all commands of a group, and of the groups in it, convert plain values by themselves."""
    for command in group.registered_commands:
        command.cls = PlainCommand
    for inner in group.registered_groups:
        inner.cls = PlainGroup
        if inner.typer_instance is not None:
            make_plain(inner.typer_instance)


def _plainly(parameters: list[Any]) -> list[Any]:
    for each in parameters:
        if not isinstance(each.process_value, partial):
            each.process_value = partial(_process, each, each.process_value)
    return parameters


def _process(parameter: _Parameter, otherwise: _Process, context: Any, value: Any) -> Any:  # noqa: ANN401
    plain = _plain(parameter, value)
    if plain is _UNDECIDED or (parameter.required and parameter.value_is_missing(plain)):
        return otherwise(context, value)
    return plain if parameter.callback is None else parameter.callback(context, parameter, plain)


def _plain(parameter: _Parameter, value: Any) -> Any:  # noqa: ANN401
    """Return the value of a parameter, `_UNDECIDED` where typer has to say."""
    several = parameter.nargs == -1 or getattr(parameter, "multiple", False)
    if value is None:
        return () if several else None
    kind: Any = parameter.type_descriptor.annotation
    parser = parameter.type_descriptor.parameter_info.parser
    if not several:
        return _one(kind, parser, value)
    if get_origin(kind) is not list or not isinstance(value, list | tuple):
        return _UNDECIDED
    values = [_one(get_args(kind)[0], parser, each) for each in value]
    return _UNDECIDED if any(each is _UNDECIDED for each in values) else values


def _one(kind: Any, parser: Callable[[str], Any] | None, value: Any) -> Any:  # noqa: ANN401
    if parser is not None:
        try:
            return parser(value)
        except ValueError:
            return _UNDECIDED
    if kind is str and isinstance(value, str):
        return value
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    return value if kind is bool and isinstance(value, bool) else _UNDECIDED
