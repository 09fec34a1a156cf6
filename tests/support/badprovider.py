"""A provider of language models that behaves as a test tells it: a real HTTP server."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


@dataclass
class Does:
    """What the provider does with one request."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    """Of an answer that is no stream."""
    events: Sequence[bytes] | None = None
    """Of a stream."""
    wait: float = 0.0
    """Seconds before the first byte."""
    after: asyncio.Event | None = None
    """What has to happen before the first byte."""
    pause: float = 0.0
    """Seconds before each event but the first."""
    cut: bool = False
    """Whether the connection breaks after the last event."""
    hang_up: bool = False
    """Whether the connection breaks before any answer."""


@dataclass
class Seen:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class BadProvider:
    """Does one thing after another, and the last one again and again."""

    def __init__(self) -> None:
        self.plan: list[Does] = []
        self.seen: list[Seen] = []
        self.at_work = 0
        self.most_at_work = 0
        self.url = ""

    def does(self, *plan: Does) -> None:
        self.plan = list(plan)
        self.seen.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.path, headers, body))
        now = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            return await self._do(now, request)
        finally:
            self.at_work -= 1

    async def _do(self, now: Does, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(now.wait)
        if now.after is not None:
            await now.after.wait()
        assert request.transport is not None
        if now.hang_up:
            request.transport.abort()
            return web.Response()
        if now.events is None:
            kind = {"content-type": "application/json"}
            return web.Response(status=now.status, headers=kind | now.headers, body=now.body)
        kind = {"content-type": "text/event-stream; charset=utf-8"}
        answer = web.StreamResponse(status=now.status, headers=kind | now.headers)
        await answer.prepare(request)
        for number, event in enumerate(now.events):
            await asyncio.sleep(now.pause if number else 0)
            await answer.write(event)
        if now.cut:
            request.transport.abort()
        return answer


@asynccontextmanager
async def bad_provider() -> AsyncIterator[BadProvider]:
    """Run a provider of this test's own."""
    provider = BadProvider()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", provider.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    (port,) = [address[1] for address in runner.addresses]
    provider.url = f"http://127.0.0.1:{port}"
    try:
        yield provider
    finally:
        await runner.cleanup()


# What well-behaved providers say --------------------------------------------------------------


def _event(said: dict[str, Any]) -> bytes:
    return f"event: {said['type']}\ndata: {json.dumps(said)}\n\n".encode()


def message(text: str = "Hello there", *, usage: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 100} if usage is None else usage,
    }


def message_events(text: str = "Hello there") -> list[bytes]:
    whole = message(text)
    begun = {**whole, "content": [], "stop_reason": None}
    begun["usage"] = {"input_tokens": 1000, "output_tokens": 1}
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    half = len(text) // 2
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": part}}
        for part in (text[:half], text[half:])
    ]
    block = {"type": "text", "text": ""}
    return [
        _event({"type": "message_start", "message": begun}),
        _event({"type": "content_block_start", "index": 0, "content_block": block}),
        _event({"type": "ping"}),
        *(_event(delta) for delta in deltas),
        _event({"type": "content_block_stop", "index": 0}),
        _event({"type": "message_delta", "delta": end, "usage": {"output_tokens": 60}}),
        _event({"type": "message_delta", "delta": end, "usage": {"output_tokens": 100}}),
        _event({"type": "message_stop"}),
    ]


CHAT_USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


def completion(usage: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-6.1-sol",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello there"},
                "finish_reason": "stop",
            }
        ],
        "usage": CHAT_USAGE if usage is None else usage,
    }


def completion_events() -> list[bytes]:
    def chunk(choices: list[Any], usage: Any) -> bytes:
        said = {**completion(), "object": "chat.completion.chunk", "choices": choices}
        return f"data: {json.dumps({**said, 'usage': usage})}\n\n".encode()

    def choice(delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
        return {"index": 0, "delta": delta, "finish_reason": finish}

    return [
        chunk([choice({"role": "assistant", "content": "Hello "}, None)], None),
        chunk([choice({"content": "there"}, None)], None),
        chunk([choice({}, "stop")], None),
        chunk([], CHAT_USAGE),
        b"data: [DONE]\n\n",
    ]


def response(status: str = "completed") -> dict[str, Any]:
    text = {"type": "output_text", "text": "Hello there", "annotations": []}
    done = status != "in_progress"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "gpt-6.1-sol",
        "output": [
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "role": "assistant",
                "content": [text],
            }
        ]
        if done
        else [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 1000,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 100,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 1100,
        }
        if done
        else None,
    }


def response_events(end: str = "completed") -> list[bytes]:
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    item = {**response()["output"][0], "content": [], "status": "in_progress"}
    part = {"type": "output_text", "text": "", "annotations": []}
    said: list[dict[str, Any]] = [
        {"type": "response.created", "response": response("in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **where, "part": part},
        {"type": "response.output_text.delta", **where, "delta": "Hello there", "logprobs": []},
        {"type": f"response.{end}", "response": response(end)},
    ]
    return [_event({**each, "sequence_number": number}) for number, each in enumerate(said)]
