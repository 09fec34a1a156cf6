"""The tools that agents may have: how each is called, and which service performs it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

type Json = dict[str, Any]

ANSWER: Final = "answer"
"""The tool by which an agent gives an answer that has a schema."""


class Performer(StrEnum):
    """Who performs a tool, and decides whether it may be."""

    WEB = "web"
    TOOLS = "tools"
    TREASURY = "treasury"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool, as roles name it."""

    name: str
    performer: Performer
    description: str
    arguments: Mapping[str, Any]
    """The JSON Schema of its arguments."""

    @property
    def wire_name(self) -> str:
        """Its name as models know it: they allow no dots."""
        return self.name.replace(".", "_")


def _object(required: Iterable[str], **properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _text(description: str) -> Json:
    return {"type": "string", "description": description}


_ALL: Final = (
    Tool(
        "web.fetch",
        Performer.WEB,
        "Read a page of the web by GET. JSON and text only, cut at 10,000 characters.",
        _object(["url"], url=_text("The whole URL, with http:// or https://.")),
    ),
    Tool(
        "io.read",
        Performer.TOOLS,
        "Read a file of the workflow's workspace.",
        _object(["path"], path=_text("The path, such as notes/findings.md.")),
    ),
    Tool(
        "io.write",
        Performer.TOOLS,
        "Write a file of the workflow's workspace; what it held before is replaced.",
        _object(
            ["path", "content"],
            path=_text("The path, such as notes/findings.md."),
            content=_text("The whole content."),
        ),
    ),
    Tool(
        "event.publish",
        Performer.TOOLS,
        "Publish what happened, for people and programs that follow the workflow.",
        _object(["title"], title=_text("What happened."), body=_text("More about it.")),
    ),
    Tool(
        "money.authorize",
        Performer.TREASURY,
        "Pay a merchant out of a MoneyIntent of this workflow.",
        _object(
            ["intent", "merchant", "category", "currency", "amountCents"],
            intent=_text("The name of the MoneyIntent."),
            merchant=_text("The merchant's id."),
            category=_text("The merchant category code: four digits."),
            currency=_text("The currency's ISO 4217 code."),
            amountCents={"type": "integer", "minimum": 1},
        ),
    ),
)

TOOLS: Final[Mapping[str, Tool]] = {tool.name: tool for tool in _ALL}
"""All tools, by name."""
