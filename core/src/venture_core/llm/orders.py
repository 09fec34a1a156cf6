"""What a call asks for, as far as limits and prices need, and reading it strictly.

A field that is not listed may cost what nobody has priced, so it is refused and not passed on.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from venture_core.nesting import is_deeper

MAX_OUTPUT_TOKENS: Final = 128_000
DEFAULT_OUTPUT_TOKENS: Final = 4096
"""What a call may give that names no limit, where its dialect lets it."""
PROMPT_OVERHEAD_TOKENS: Final = 1024
"""What providers add of their own: a system prompt for tools, marks of roles."""
ITEM_OVERHEAD_TOKENS: Final = 32
"""What they add for each message and each tool."""
MAX_DEPTH: Final = 64
"""How deep a body may be nested."""

type Json = dict[str, Any]
type ModelName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
type OutputTokens = Annotated[int, Field(ge=1, le=MAX_OUTPUT_TOKENS)]


class Dialect(StrEnum):
    """The API that a caller speaks."""

    MESSAGES = "messages"
    """Anthropic's."""
    CHAT = "chat-completions"
    """OpenAI's older one."""
    RESPONSES = "responses"
    """OpenAI's."""


class OrderRefusedError(ValueError):
    """A request that is malformed, or asks for what has no price; the message tells what to do.

    It never quotes what was sent: prompts are secret.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One call of a model."""

    dialect: Dialect
    model: str
    stream: bool
    input_tokens_max: int
    """More tokens than this the prompt cannot have: a token has at least one byte."""
    output_tokens_max: int
    cache_lifetimes: frozenset[str]
    """Those of caches that the call may write to."""
    body: Json
    """What goes upstream: as it came, but for what is needed to meter it."""
    usage_asked: bool = True
    """Whether the caller asked for the usage of a stream; False where only the meter did."""


class Strict(BaseModel):
    """A part of a request: unknown fields are refused, values are not quoted in errors."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


def json_object(data: bytes) -> Json:
    """Return the body of a request. Raises OrderRefusedError."""
    try:
        body = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise OrderRefusedError("the body is no JSON") from error
    if not isinstance(body, dict):
        raise OrderRefusedError("the body is no JSON object")
    if is_deeper(body, MAX_DEPTH):
        raise OrderRefusedError(f"the body is nested deeper than {MAX_DEPTH} levels of JSON")
    return body


def validated[M: BaseModel](form: type[M], body: Json) -> M:
    """Return the body in its form. Raises OrderRefusedError, which names the fields."""
    try:
        return form.model_validate(body)
    except ValidationError as error:
        raise OrderRefusedError(_sentence(error)) from None


def prompt_bound(body: Json, *, items: int, tools: object) -> int:
    """Return more tokens than the prompt of a request can have.

    Every byte counts as a token; descriptions of tools are rendered anew by providers, so they
    count twice.
    """
    whole = len(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    twice = len(json.dumps(tools, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    return whole + twice + PROMPT_OVERHEAD_TOKENS + items * ITEM_OVERHEAD_TOKENS


def each_type(blocks: object, allowed: frozenset[str], *, what: str, where: str) -> None:
    """Raise OrderRefusedError for an element whose `type` is not allowed; other values pass."""
    if not isinstance(blocks, (list, tuple)):
        return
    for block in blocks:
        kind = block.get("type") if isinstance(block, dict) else None
        if not isinstance(kind, str) or kind not in allowed:
            raise OrderRefusedError(
                f"{where}: this gateway has no price for other {what} than "
                f"{', '.join(sorted(allowed))}"
            )


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])[:128]
    if first["type"] == "extra_forbidden":
        return f"{where}: this gateway has no price for it, so it cannot be asked for; leave it out"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"
