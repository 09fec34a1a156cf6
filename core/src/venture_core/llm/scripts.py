"""Scripts: conversations that the provider `Scripted` replays, the same answers every time.

A script is a list of turns. Which one is next follows from the request alone: as many as the model
has taken already. So a replay needs no memory, and a call made again gets the same answer.
"""

import re
from typing import TYPE_CHECKING, Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from venture_core.llm.orders import Dialect, Json, Order, OrderRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

BYTES_PER_TOKEN: Final = 4
"""How scripted conversations are counted."""
MAX_SCRIPT_BYTES: Final = 256 * 1024

_SEPARATORS: Final = re.compile(r"[^A-Za-z0-9]+")
_OF_THE_MODEL: Final = frozenset({"function_call", "custom_tool_call", "reasoning"})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Said(_Part):
    """A part of a turn: words, or a call of a tool."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=64 * 1024)] | None = None
    tool: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    """The tool's name as roles have it: `web.fetch`."""
    arguments: Annotated[dict[str, JsonValue], Field(max_length=64)] = {}

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.text is None) == (self.tool is None):
            raise ValueError("a part of a turn has either text or tool")
        return self


class Turn(_Part):
    """One answer of the model."""

    say: Annotated[tuple[Said, ...], Field(min_length=1, max_length=32)]

    @property
    def calls(self) -> bool:
        """Whether it calls a tool."""
        return any(each.tool is not None for each in self.say)

    @property
    def tokens(self) -> int:
        """How long it counts."""
        return tokens_of(self.model_dump_json().encode())


class Script(_Part):
    """A whole conversation, from the model's side."""

    turns: Annotated[tuple[Turn, ...], Field(min_length=1, max_length=200)]


def read_script(data: bytes) -> Script:
    """Read a script from JSON. Raises ValueError."""
    if len(data) > MAX_SCRIPT_BYTES:
        raise ValueError(f"a script has at most {MAX_SCRIPT_BYTES} bytes")
    return Script.model_validate_json(data)


def tokens_of(data: bytes) -> int:
    """Return how many tokens data counts as in a scripted conversation."""
    return -(-len(data) // BYTES_PER_TOKEN)


def next_turn(script: Script, order: Order) -> Turn:
    """Return the turn that answers an order. Raises OrderRefusedError where there is none."""
    number = _turns_taken(order)
    if number >= len(script.turns):
        raise OrderRefusedError(
            f"the script has {len(script.turns)} turns, and this would be number {number + 1}"
        )
    turn = script.turns[number]
    if turn.tokens > order.output_tokens_max:
        raise OrderRefusedError(
            f"turn {number + 1} of the script has {turn.tokens} tokens, and the request allows "
            f"{order.output_tokens_max}"
        )
    return turn


def tool_name(name: str, declared: Iterable[str]) -> str:
    """Return the name under which a request declared a tool; APIs allow no dots in names."""
    plain = _SEPARATORS.sub("_", name)
    return next((each for each in declared if _SEPARATORS.sub("_", each) == plain), plain)


def declared_tools(order: Order) -> list[str]:
    """Return the names of a request's tools."""
    tools = order.body.get("tools") or []
    if order.dialect is Dialect.CHAT:
        tools = [tool.get(str(tool.get("type")), {}) for tool in tools]
    return [str(tool.get("name")) for tool in tools]


def _turns_taken(order: Order) -> int:
    if order.dialect is not Dialect.RESPONSES:
        return sum(each.get("role") == "assistant" for each in order.body["messages"])
    given = order.body["input"]
    if isinstance(given, str):
        return 0
    # A turn may be several items, and a caller's item ends it.
    marks = [_is_of_the_model(item) for item in given]
    return sum(mark and not before for before, mark in zip([False, *marks], marks, strict=False))


def _is_of_the_model(item: Json) -> bool:
    return item.get("type") in _OF_THE_MODEL or item.get("role") == "assistant"
