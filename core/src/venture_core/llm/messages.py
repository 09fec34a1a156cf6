"""Anthropic's Messages API: requests, usage, streams."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, override

from pydantic import Field

from venture_core.llm.metering import Meter
from venture_core.llm.orders import (
    Dialect,
    Json,
    ModelName,
    Order,
    OrderRefusedError,
    OutputTokens,
    Strict,
    each_type,
    json_object,
    prompt_bound,
    validated,
)
from venture_core.llm.usage import Usage, UsageUnreadableError, count, known, part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.llm.sse import Frame

LIFETIMES: Final = frozenset({"5m", "1h"})
_BLOCKS: Final = frozenset({"text", "tool_use", "tool_result", "thinking", "redacted_thinking"})
_RESULT_BLOCKS: Final = frozenset({"text"})
_USAGE: Final = frozenset(
    {
        "input_tokens",
        "output_tokens",
        "output_tokens_details",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "service_tier",
        "speed",
        "inference_geo",
        "iterations",
        "server_tool_use",
    }
)
_CACHE_CREATION: Final = {"5m": "ephemeral_5m_input_tokens", "1h": "ephemeral_1h_input_tokens"}
_PLAIN: Final = {
    "service_tier": (None, "standard"),
    "speed": (None, "standard"),
    "inference_geo": (None, "global", "not_available"),
}


class _OutputConfig(Strict):
    effort: str | None = None
    format: Json | None = None


class _Message(Strict):
    role: Literal["user", "assistant", "system"]
    content: str | list[Json]


class _Counted(Strict):
    """What a prompt is made of, and what shapes the answer at no price of its own."""

    model: ModelName
    messages: Annotated[list[_Message], Field(min_length=1, max_length=10_000)]
    system: str | list[Json] | None = None
    tools: Annotated[list[Json], Field(max_length=256)] | None = None
    tool_choice: Json | None = None
    thinking: Json | None = None
    output_config: _OutputConfig | None = None
    cache_control: Json | None = None


class _Request(_Counted):
    max_tokens: OutputTokens
    stream: bool = False
    stop_sequences: list[str] | None = None
    temperature: float | int | None = None
    top_p: float | int | None = None
    top_k: int | None = None
    metadata: Json | None = None
    service_tier: Literal["auto", "standard_only"] | None = None


def read_order(data: bytes) -> Order:
    """Read a request for a message. Raises OrderRefusedError."""
    body = json_object(data)
    request = validated(_Request, body)
    return _order(body, request, stream=request.stream, output_tokens_max=request.max_tokens)


def read_count(data: bytes) -> Order:
    """Read a request to count tokens, which costs nothing. Raises OrderRefusedError."""
    body = json_object(data)
    return _order(body, validated(_Counted, body), stream=False, output_tokens_max=0)


def _order(body: Json, request: _Counted, *, stream: bool, output_tokens_max: int) -> Order:
    tools = request.tools or []
    for tool in tools:
        if tool.get("type", "custom") != "custom":
            raise OrderRefusedError(
                "tools: this gateway has no price for tools of the provider; "
                "declare tools of your own (type custom)"
            )
    for blocks, where in _blocks(request):
        each_type(blocks, _BLOCKS, what="content", where=where)
    items = len(request.messages) + len(tools)
    return Order(
        dialect=Dialect.MESSAGES,
        model=request.model,
        stream=stream,
        input_tokens_max=prompt_bound(body, items=items, tools=tools),
        output_tokens_max=output_tokens_max,
        cache_lifetimes=frozenset(_lifetimes(request)),
        body=body,
    )


def _blocks(request: _Counted) -> Iterator[tuple[list[Json], str]]:
    if isinstance(request.system, list):
        yield request.system, "system"
    for number, message in enumerate(request.messages):
        if isinstance(message.content, list):
            yield message.content, f"messages.{number}.content"


def _lifetimes(request: _Counted) -> Iterator[str]:
    """Give the lifetime of each cache that the request writes to. Raises OrderRefusedError."""
    holders: list[Json] = [{"cache_control": request.cache_control}, *(request.tools or [])]
    for blocks, where in _blocks(request):
        for block in blocks:
            holders.append(block)
            inner = block.get("content") if block["type"] == "tool_result" else None
            if isinstance(inner, list):
                each_type(inner, _RESULT_BLOCKS, what="results of tools", where=where)
                holders += inner
    for holder in holders:
        control = holder.get("cache_control")
        if control is None:
            continue
        lifetime = control.get("ttl", "5m") if isinstance(control, dict) else None
        if lifetime not in LIFETIMES:
            raise OrderRefusedError("cache_control: its ttl has to be 5m or 1h")
        yield lifetime


def read_usage(fields: Mapping[str, Any]) -> Usage:
    """Return the usage from an answer's `usage`. Raises UsageUnreadableError."""
    known(fields, _USAGE, of="usage")
    for name, plain in _PLAIN.items():
        if fields.get(name) not in plain:
            raise UsageUnreadableError(f"{name} is not one that has a price")
    if any(part(fields, "server_tool_use").values()):
        raise UsageUnreadableError("tools of the provider were used, which have no price")
    _check_iterations(fields.get("iterations"))
    return Usage(
        input=count(fields, "input_tokens"),
        cache_reads=count(fields, "cache_read_input_tokens"),
        cache_writes=_cache_writes(fields),
        output=count(fields, "output_tokens"),
        reasoning=count(part(fields, "output_tokens_details"), "thinking_tokens"),
    )


def _cache_writes(fields: Mapping[str, Any]) -> dict[str, int]:
    """Return tokens by lifetime. What no split explains counts as kept the longest."""
    split = part(fields, "cache_creation")
    known(split, frozenset(_CACHE_CREATION.values()), of="cache_creation")
    writes = {lifetime: count(split, name) for lifetime, name in _CACHE_CREATION.items()}
    unexplained = count(fields, "cache_creation_input_tokens") - sum(writes.values())
    writes["1h"] += max(0, unexplained)
    return {lifetime: tokens for lifetime, tokens in writes.items() if tokens}


def _check_iterations(iterations: object) -> None:
    """Other iterations than messages are counted outside the totals, at another model's price."""
    for each in iterations if isinstance(iterations, list) else []:
        if not isinstance(each, dict) or each.get("type") != "message":
            raise UsageUnreadableError("an iteration is not counted in the totals")


def answer_usage(answer: Mapping[str, Any]) -> Usage | None:
    """Return the usage of a whole answer, None where it says none."""
    fields = answer.get("usage")
    return read_usage(fields) if isinstance(fields, dict) else None


class MessagesMeter(Meter):
    """Meters a stream of a message: the usage is cumulative, and the last one counts."""

    def __init__(self) -> None:
        super().__init__()
        self._fields: dict[str, Any] = {}
        self._final = False

    @override
    def _see(self, frame: Frame, said: Json) -> None:
        match said.get("type"):
            case "message_start":
                self._fields = dict(part(part(said, "message"), "usage"))
            case "message_delta":
                news = part(said, "usage")
                self._fields |= {name: value for name, value in news.items() if value is not None}
                self._final = bool(news)
            case "content_block_delta" | "content_block_start":
                self.output_bytes += len(frame.data)
            case "message_stop":
                self.complete = True
            case "error":
                self.failed = True
            case _:
                pass

    @override
    def _usage(self) -> Usage | None:
        return read_usage(self._fields) if self._final else None

    @override
    def _prompt_usage(self) -> Usage | None:
        return read_usage({**self._fields, "output_tokens": 0}) if self._fields else None
