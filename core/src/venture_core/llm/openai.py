"""OpenAI's APIs, Chat Completions and Responses: requests, usage, streams."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, override

from pydantic import Field

from venture_core.llm.metering import Meter
from venture_core.llm.orders import (
    DEFAULT_OUTPUT_TOKENS,
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
    from collections.abc import Mapping

    from venture_core.llm.sse import Frame

LIFETIMES: Final = frozenset({"30m"})
"""Newer models write to their cache unasked."""
MAX_CHOICES: Final = 8
_TOOLS: Final = frozenset({"function", "custom"})
_CHAT_PARTS: Final = frozenset({"text", "refusal"})
_ITEMS: Final = frozenset(
    {
        "message",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
        "reasoning",
    }
)
_ITEM_PARTS: Final = frozenset(
    {"input_text", "output_text", "refusal", "summary_text", "reasoning_text"}
)
_TIERS: Final = (None, "default", "auto")
_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})

type ServiceTier = Literal["auto", "default"]


class _StreamOptions(Strict):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class _CacheOptions(Strict):
    mode: Literal["implicit", "explicit"] | None = None
    ttl: Literal["30m"] | None = None


class _Shared(Strict):
    """What both APIs have, and has no price of its own."""

    model: ModelName
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    metadata: Json | None = None
    parallel_tool_calls: bool | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: _CacheOptions | None = None
    prompt_cache_retention: Literal["in_memory"] | None = None
    safety_identifier: str | None = None
    service_tier: ServiceTier | None = None
    store: bool | None = None
    temperature: float | int | None = None
    tool_choice: str | Json | None = None
    tools: Annotated[list[Json], Field(max_length=256)] | None = None
    top_logprobs: int | None = None
    top_p: float | int | None = None
    user: str | None = None


class _Chat(_Shared):
    messages: Annotated[list[Json], Field(min_length=1, max_length=10_000)]
    max_tokens: OutputTokens | None = None
    max_completion_tokens: OutputTokens | None = None
    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = None
    frequency_penalty: float | int | None = None
    presence_penalty: float | int | None = None
    logit_bias: Json | None = None
    logprobs: bool | None = None
    reasoning_effort: str | None = None
    response_format: Json | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    verbosity: str | None = None


class _Counted(Strict):
    model: ModelName
    input: str | Annotated[list[Json], Field(min_length=1, max_length=10_000)]
    instructions: str | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Json | None = None
    text: Json | None = None
    tool_choice: str | Json | None = None
    tools: Annotated[list[Json], Field(max_length=256)] | None = None
    truncation: Literal["auto", "disabled"] | None = None


class _Response(_Shared):
    input: str | Annotated[list[Json], Field(min_length=1, max_length=10_000)]
    include: list[Literal["reasoning.encrypted_content", "message.output_text.logprobs"]] | None = (
        None
    )
    instructions: str | None = None
    max_output_tokens: OutputTokens | None = None
    reasoning: Json | None = None
    text: Json | None = None
    truncation: Literal["auto", "disabled"] | None = None


def read_chat_order(data: bytes) -> Order:
    """Read a request for chat completions. Raises OrderRefusedError."""
    body = json_object(data)
    request = validated(_Chat, body)
    for number, message in enumerate(request.messages):
        each_type(
            message.get("content"), _CHAT_PARTS, what="content", where=f"messages.{number}.content"
        )
        if "audio" in message:
            raise OrderRefusedError(f"messages.{number}.audio: this gateway has no price for it")
    stream, asked = bool(request.stream), _usage_asked(request)
    limit = request.max_completion_tokens or request.max_tokens
    sent = dict(body)
    if limit is None:
        sent["max_completion_tokens"] = DEFAULT_OUTPUT_TOKENS
    if stream and not asked:
        sent["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    return Order(
        dialect=Dialect.CHAT,
        model=request.model,
        stream=stream,
        input_tokens_max=_bound(body, request.tools, len(request.messages)),
        output_tokens_max=(limit or DEFAULT_OUTPUT_TOKENS) * (request.n or 1),
        cache_lifetimes=LIFETIMES,
        body=sent,
        usage_asked=asked or not stream,
    )


def read_response_order(data: bytes) -> Order:
    """Read a request for a response. Raises OrderRefusedError."""
    body = json_object(data)
    request = validated(_Response, body)
    items = _check_items(request.input)
    limit = request.max_output_tokens
    return Order(
        dialect=Dialect.RESPONSES,
        model=request.model,
        stream=bool(request.stream),
        input_tokens_max=_bound(body, request.tools, items),
        output_tokens_max=limit or DEFAULT_OUTPUT_TOKENS,
        cache_lifetimes=LIFETIMES,
        body=body if limit else {**body, "max_output_tokens": DEFAULT_OUTPUT_TOKENS},
    )


def read_response_count(data: bytes) -> Order:
    """Read a request to count tokens, which costs nothing. Raises OrderRefusedError."""
    body = json_object(data)
    request = validated(_Counted, body)
    items = _check_items(request.input)
    return Order(
        dialect=Dialect.RESPONSES,
        model=request.model,
        stream=False,
        input_tokens_max=_bound(body, request.tools, items),
        output_tokens_max=0,
        cache_lifetimes=LIFETIMES,
        body=body,
    )


def _usage_asked(request: _Chat) -> bool:
    return bool(request.stream_options and request.stream_options.include_usage)


def _bound(body: Json, tools: list[Json] | None, items: int) -> int:
    each_type(tools, _TOOLS, what="tools", where="tools")
    return prompt_bound(body, items=items + len(tools or []), tools=tools or [])


def _check_items(given: str | list[Json]) -> int:
    """Return how many items an input has. Raises OrderRefusedError."""
    if isinstance(given, str):
        return 1
    for number, item in enumerate(given):
        where = f"input.{number}"
        each_type([{"type": "message", **item}], _ITEMS, what="items", where=where)
        for name in ("content", "summary", "output"):
            each_type(item.get(name), _ITEM_PARTS, what="content", where=f"{where}.{name}")
    return len(given)


# Usage --------------------------------------------------------------------------------------------

_CHAT_USAGE: Final = frozenset(
    {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
    }
)
_CHAT_PROMPT: Final = frozenset({"cached_tokens", "cache_write_tokens", "text_tokens"})
_CHAT_COMPLETION: Final = frozenset({"reasoning_tokens", "text_tokens"})
_RESPONSE_USAGE: Final = frozenset(
    {
        "input_tokens",
        "output_tokens",
        "total_tokens",
        "input_tokens_details",
        "output_tokens_details",
    }
)
_RESPONSE_INPUT: Final = frozenset(
    {"cached_tokens", "cache_write_tokens", "cache_write_tokens_details"}
)
_CACHE_WRITES: Final = {"30m": "ttl_30m_tokens", "12h": "ttl_12h_tokens"}


def read_chat_usage(fields: Mapping[str, Any]) -> Usage:
    """Return the usage from a completion's `usage`. Raises UsageUnreadableError."""
    known(fields, _CHAT_USAGE, of="usage")
    prompt = part(fields, "prompt_tokens_details")
    known(prompt, _CHAT_PROMPT, of="prompt_tokens_details")
    completion = part(fields, "completion_tokens_details")
    known(completion, _CHAT_COMPLETION, of="completion_tokens_details")
    reads, writes = count(prompt, "cached_tokens"), count(prompt, "cache_write_tokens")
    return Usage(
        input=_rest(count(fields, "prompt_tokens"), reads, writes),
        cache_reads=reads,
        cache_writes={"30m": writes} if writes else {},
        output=count(fields, "completion_tokens"),
        reasoning=count(completion, "reasoning_tokens"),
    )


def read_response_usage(fields: Mapping[str, Any]) -> Usage:
    """Return the usage from a response's `usage`. Raises UsageUnreadableError."""
    known(fields, _RESPONSE_USAGE, of="usage")
    given = part(fields, "input_tokens_details")
    known(given, _RESPONSE_INPUT, of="input_tokens_details")
    split = part(given, "cache_write_tokens_details")
    known(split, frozenset(_CACHE_WRITES.values()), of="cache_write_tokens_details")
    writes = {lifetime: count(split, name) for lifetime, name in _CACHE_WRITES.items()}
    # What no split explains was kept for as long as can be asked for here.
    writes["30m"] += max(0, count(given, "cache_write_tokens") - sum(writes.values()))
    reads = count(given, "cached_tokens")
    return Usage(
        input=_rest(count(fields, "input_tokens"), reads, sum(writes.values())),
        cache_reads=reads,
        cache_writes={lifetime: tokens for lifetime, tokens in writes.items() if tokens},
        output=count(fields, "output_tokens"),
        reasoning=count(part(fields, "output_tokens_details"), "reasoning_tokens"),
    )


def _rest(whole: int, reads: int, writes: int) -> int:
    """Return the input that is in no cache: OpenAI counts the caches within the whole."""
    rest = whole - reads - writes
    if rest < 0:
        raise UsageUnreadableError("more tokens are cached than the prompt has")
    return rest


def _check_tier(answer: Mapping[str, Any]) -> None:
    if answer.get("service_tier") not in _TIERS:
        raise UsageUnreadableError("it was served in a tier that has no price")


def chat_answer_usage(answer: Mapping[str, Any]) -> Usage | None:
    """Return the usage of a whole completion, None where it says none."""
    _check_tier(answer)
    fields = answer.get("usage")
    return read_chat_usage(fields) if isinstance(fields, dict) else None


def response_answer_usage(answer: Mapping[str, Any]) -> Usage | None:
    """Return the usage of a whole response, None where it says none."""
    _check_tier(answer)
    fields = answer.get("usage")
    return read_response_usage(fields) if isinstance(fields, dict) else None


# Streams ------------------------------------------------------------------------------------------


class ChatMeter(Meter):
    """Meters a stream of chat completions. The usage comes in a chunk of its own, or never."""

    def __init__(self, *, usage_asked: bool) -> None:
        super().__init__()
        self._usage_asked = usage_asked
        self._fields: Mapping[str, Any] | None = None
        self._only_usage: Frame | None = None

    @override
    def forwards(self, frame: Frame) -> bool:
        """Keep the chunk of the usage from a caller that did not ask for it."""
        return self._usage_asked or frame is not self._only_usage

    @override
    def _see(self, frame: Frame, said: Json) -> None:
        if said.get("error"):
            self.failed = True
            return
        if isinstance(fields := said.get("usage"), dict):
            self._fields = fields
            if not said.get("choices"):
                self._only_usage = frame
        if said.get("choices"):
            self.output_bytes += len(frame.data)
        _check_tier(said)

    @override
    def _see_text(self, frame: Frame) -> None:
        self.complete = self.complete or frame.data.strip() == b"[DONE]"

    @override
    def _usage(self) -> Usage | None:
        return None if self._fields is None else read_chat_usage(self._fields)


class ResponseMeter(Meter):
    """Meters a stream of a response: its last event has the whole response, usage included."""

    def __init__(self) -> None:
        super().__init__()
        self._fields: Mapping[str, Any] | None = None

    @override
    def _see(self, frame: Frame, said: Json) -> None:
        kind = str(said.get("type"))
        if kind in _ENDS:
            self.failed = kind == "response.failed"
            self.complete = not self.failed
            response = part(said, "response")
            if isinstance(fields := response.get("usage"), dict):
                self._fields = fields
            _check_tier(response)
        elif kind == "error":
            self.failed = True
        elif kind.endswith(".delta"):
            self.output_bytes += len(frame.data)

    @override
    def _usage(self) -> Usage | None:
        return None if self._fields is None else read_response_usage(self._fields)
