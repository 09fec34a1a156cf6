"""Answers of the provider `Scripted`, in every dialect, whole and as a stream."""

import json
from typing import TYPE_CHECKING, Final

from venture_core.canonical import sha256_hex
from venture_core.llm.orders import Dialect, Json, Order
from venture_core.llm.scripts import Said, Script, declared_tools, next_turn, tokens_of, tool_name
from venture_core.llm.sse import frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.llm.scripts import Turn

_EPOCH: Final = 0
"""When a scripted answer was made: it is the same whenever it is asked for."""


class Reply:
    """The answer to one order. Raises OrderRefusedError where the script has none."""

    def __init__(self, script: Script, order: Order) -> None:
        self._order = order
        self._turn: Turn = next_turn(script, order)
        said = json.dumps(order.body, sort_keys=True).encode()
        self._id = sha256_hex(script.model_dump_json().encode() + said)[:24]
        self._input = tokens_of(said)
        self._tools = declared_tools(order)

    def whole(self) -> bytes:
        """Return the answer to a request that wants no stream."""
        match self._order.dialect:
            case Dialect.MESSAGES:
                return _json(self._message())
            case Dialect.CHAT:
                return _json(self._completion())
            case Dialect.RESPONSES:
                return _json(self._response("completed"))

    def stream(self) -> Iterator[bytes]:
        """Give the events of a stream."""
        match self._order.dialect:
            case Dialect.MESSAGES:
                yield from self._message_events()
            case Dialect.CHAT:
                yield from self._completion_events()
            case Dialect.RESPONSES:
                yield from self._response_events()

    # Messages -------------------------------------------------------------------------------------

    def _blocks(self) -> Iterator[Json]:
        for number, said in enumerate(self._turn.say):
            if said.text is not None:
                yield {"type": "text", "text": said.text}
            else:
                yield {
                    "type": "tool_use",
                    "id": self._call_id(number),
                    "name": self._name(said),
                    "input": said.arguments,
                }

    def _message(self) -> Json:
        return {
            "id": f"msg_{self._id}",
            "type": "message",
            "role": "assistant",
            "model": self._order.model,
            "content": list(self._blocks()),
            "stop_reason": "tool_use" if self._turn.calls else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": self._input, "output_tokens": self._turn.tokens},
        }

    def _message_events(self) -> Iterator[bytes]:
        message = self._message()
        begun = {**message, "content": [], "stop_reason": None}
        begun["usage"] = {**message["usage"], "output_tokens": 0}
        yield _event({"type": "message_start", "message": begun})
        for index, block in enumerate(message["content"]):
            if block["type"] == "text":
                empty = {**block, "text": ""}
                delta = {"type": "text_delta", "text": block["text"]}
            else:
                empty = {**block, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            yield _event({"type": "content_block_start", "index": index, "content_block": empty})
            yield _event({"type": "content_block_delta", "index": index, "delta": delta})
            yield _event({"type": "content_block_stop", "index": index})
        end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
        yield _event({"type": "message_delta", "delta": end, "usage": message["usage"]})
        yield _event({"type": "message_stop"})

    # Chat Completions -----------------------------------------------------------------------------

    def _chat_message(self) -> Json:
        texts = [said.text for said in self._turn.say if said.text is not None]
        message: Json = {"role": "assistant", "content": "".join(texts) or None}
        calls = [
            {
                "id": self._call_id(number),
                "type": "function",
                "function": {"name": self._name(said), "arguments": json.dumps(said.arguments)},
            }
            for number, said in enumerate(self._turn.say)
            if said.tool is not None
        ]
        return {**message, "tool_calls": calls} if calls else message

    def _chat_usage(self) -> Json:
        output = self._turn.tokens
        return {
            "prompt_tokens": self._input,
            "completion_tokens": output,
            "total_tokens": self._input + output,
        }

    def _chunk(self, kind: str, choices: list[Json], usage: Json | None) -> Json:
        return {
            "id": f"chatcmpl-{self._id}",
            "object": kind,
            "created": _EPOCH,
            "model": self._order.model,
            "choices": choices,
            "usage": usage,
        }

    def _finish(self) -> str:
        return "tool_calls" if self._turn.calls else "stop"

    def _completion(self) -> Json:
        choice = {"index": 0, "message": self._chat_message(), "finish_reason": self._finish()}
        return self._chunk("chat.completion", [choice], self._chat_usage())

    def _completion_events(self) -> Iterator[bytes]:
        kind = "chat.completion.chunk"
        delta = self._chat_message()
        for number, call in enumerate(delta.get("tool_calls", [])):
            call["index"] = number
        for part, finish in ((delta, None), ({}, self._finish())):
            choice = {"index": 0, "delta": part, "finish_reason": finish}
            yield frame("", _json(self._chunk(kind, [choice], None)))
        yield frame("", _json(self._chunk(kind, [], self._chat_usage())))
        yield frame("", b"[DONE]")

    # Responses ------------------------------------------------------------------------------------

    def _items(self) -> list[Json]:
        items: list[Json] = []
        for number, said in enumerate(self._turn.say):
            if said.text is not None:
                text = {"type": "output_text", "text": said.text, "annotations": []}
                items.append(
                    {
                        "type": "message",
                        "id": f"msg_{self._id}_{number}",
                        "status": "completed",
                        "role": "assistant",
                        "content": [text],
                    }
                )
            else:
                items.append(
                    {
                        "type": "function_call",
                        "id": f"fc_{self._id}_{number}",
                        "status": "completed",
                        "call_id": self._call_id(number),
                        "name": self._name(said),
                        "arguments": json.dumps(said.arguments),
                    }
                )
        return items

    def _response(self, status: str) -> Json:
        done = status == "completed"
        usage = {
            "input_tokens": self._input,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": self._turn.tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self._input + self._turn.tokens,
        }
        return {
            "id": f"resp_{self._id}",
            "object": "response",
            "created_at": _EPOCH,
            "status": status,
            "model": self._order.model,
            "output": self._items() if done else [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": self._order.body.get("tools") or [],
            "usage": usage if done else None,
        }

    def _response_events(self) -> Iterator[bytes]:
        events: list[Json] = [
            {"type": "response.created", "response": self._response("in_progress")}
        ]
        for index, item in enumerate(self._items()):
            events += _item_events(index, item)
        events.append({"type": "response.completed", "response": self._response("completed")})
        for number, event in enumerate(events):
            yield _event({**event, "sequence_number": number})

    # ----------------------------------------------------------------------------------------------

    def _call_id(self, number: int) -> str:
        return f"call_{self._id}_{number}"

    def _name(self, said: Said) -> str:
        return tool_name(said.tool or "", self._tools)


def _item_events(index: int, item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"], "output_index": index}
    if item["type"] == "function_call":
        empty = {**item, "status": "in_progress", "arguments": ""}
        done = {"arguments": item["arguments"], "name": item["name"]}
        middle: list[Json] = [
            {
                "type": "response.function_call_arguments.delta",
                **where,
                "delta": item["arguments"],
            },
            {"type": "response.function_call_arguments.done", **where, **done},
        ]
    else:
        empty = {**item, "status": "in_progress", "content": []}
        (part,) = item["content"]
        where["content_index"] = 0
        middle = [
            {"type": "response.content_part.added", **where, "part": {**part, "text": ""}},
            {"type": "response.output_text.delta", **where, "delta": part["text"], "logprobs": []},
            {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []},
            {"type": "response.content_part.done", **where, "part": part},
        ]
    yield {"type": "response.output_item.added", "output_index": index, "item": empty}
    yield from middle
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _event(said: Json) -> bytes:
    return frame(said["type"], _json(said))


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
