"""What an agent and its model said, as lines for people. Pure.

Transcripts hold what models and pages wrote: every part may be missing or of another kind than the
model's API says.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_cli.domain.standing import at, items_at, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_SHOWN: Final = 2000
"""In characters: what is shown of one part."""


@dataclass(frozen=True, slots=True)
class Said:
    """One part of a conversation."""

    who: str
    """`task`, `model`, `calls` or `result`."""
    text: str


def agents_that_ended(body: Mapping[str, Any]) -> list[str]:
    """Return the tasks of a workflow whose transcript is kept, in the order of its spec."""
    kept = {
        text_at(each, "name")
        for each in items_at(body, "status", "tasks")
        if text_at(each, "transcript", "uri")
    }
    names = [text_at(each, "name") for each in items_at(body, "spec", "tasks")]
    return [name for name in names if name in kept]


def said(transcript: Mapping[str, Any]) -> Iterator[Said]:
    """Give the parts of a conversation in their order."""
    for message in items_at(transcript, "messages"):
        by_model = text_at(message, "role") == "assistant"
        who = "model" if by_model else "task"
        content = at(message, "content")
        if isinstance(content, str):
            yield Said(who, _cut(content))
        for block in items_at(message, "content"):
            yield _part(block, who)


def _part(block: Any, who: str) -> Said:  # noqa: ANN401  as JSON has it
    match text_at(block, "type"):
        case "text":
            return Said(who, _cut(text_at(block, "text")))
        case "tool_use":
            arguments = json.dumps(at(block, "input"), ensure_ascii=False)
            return Said("calls", _cut(f"{text_at(block, 'name')} {arguments}"))
        case "tool_result":
            inner = items_at(block, "content")
            texts = [text_at(each, "text") for each in inner] or [text_at(block, "content")]
            return Said("result", _cut("\n".join(texts)))
        case other:
            return Said(who, _cut(f"({other or 'something without a type'})"))


def _cut(text: str) -> str:
    rest = len(text) - MAX_SHOWN
    return text if rest <= 0 else f"{text[:MAX_SHOWN]}… ({rest} characters more)"
