"""The services that an agent speaks to, as one HTTP server; its answers are a script's."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from kernelsockets import quiet_seconds
from venture_core.llm.messages import read_order
from venture_core.llm.orders import OrderRefusedError
from venture_core.llm.replies import Reply
from venture_core.llm.scripts import Script
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

type Json = dict[str, Any]


@dataclass
class AgentServices:
    """Serves `/v1/messages` from a script, tools and payments from functions, and remembers."""

    turns: list[Json]
    perform: Callable[[str, Json], tuple[int, Json]] = lambda _tool, _arguments: (200, {"ok": True})
    fail_with: int = 0
    """A status that the model's route answers with, in place of the script."""
    fail_after: int = 0
    """How many answers it gives before."""
    by_proxy: bool = True
    """Whether it is the proxy that refuses a page, and not the page itself."""
    transcript: bytes = b""
    """What the agent kept last."""
    asked: list[Json] = field(default_factory=list)
    calls: list[tuple[str, Json, str]] = field(default_factory=list)
    """Tool, arguments, and the key of its effect."""
    tokens: set[str] = field(default_factory=set)
    looks: bool = False
    """Whether it looks how watchful those are who wait for an answer."""
    quiet_seconds: list[float] = field(default_factory=list)
    """Of each of them: how long the kernel is quiet before it asks whether we are there."""
    url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> AgentServices:
        app = web.Application(middlewares=[self._look])
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/tools/{tool}", self._tool)
        app.router.add_post("/v1/money/authorizations", self._pay)
        app.router.add_put("/v1/transcript", self._keep)
        app.router.add_get("/v1/transcript", self._latest)
        app.router.add_route("*", "/{page:.*}", self._page)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @web.middleware
    async def _look(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if self.looks:
            await request.read()
            assert request.transport is not None
            _, port = request.transport.get_extra_info("peername")

            async def look() -> float:
                return quiet_seconds(port)

            # What was sent last may be acknowledged a moment later.
            self.quiet_seconds.append(await patiently(look, math.isfinite, within_seconds=5))
        return await handler(request)

    async def _messages(self, request: web.Request) -> web.Response:
        self.tokens.add(request.headers.get("x-api-key", request.headers.get("authorization", "")))
        data = await request.read()
        self.asked.append(json.loads(data))
        if self.fail_with and len(self.asked) > self.fail_after:
            error = {"type": "billing_error", "message": "raise spec.budget.llmCents"}
            return web.json_response(
                {"type": "error", "error": error},
                status=self.fail_with,
                headers={"x-should-retry": "false"},
            )
        try:
            script = Script.model_validate({"turns": self.turns})
            whole = Reply(script, read_order(data)).whole()
        except OrderRefusedError as error:
            return web.json_response(
                {
                    "type": "error",
                    "error": {"type": "invalid_request_error", "message": str(error)},
                },
                status=400,
            )
        return web.Response(body=whole, content_type="application/json")

    async def _tool(self, request: web.Request) -> web.Response:
        body = await request.json()
        return self._done(request, request.match_info["tool"], body["arguments"])

    async def _pay(self, request: web.Request) -> web.Response:
        return self._done(request, "money.authorize", await request.json())

    async def _keep(self, request: web.Request) -> web.Response:
        self.transcript = await request.read()
        return web.Response(status=204)

    async def _latest(self, request: web.Request) -> web.Response:
        del request
        return web.Response(body=self.transcript, status=200 if self.transcript else 404)

    async def _page(self, request: web.Request) -> web.Response:
        """Be the proxy: a request in absolute form, or one for a page of its own."""
        answer = self._done(request, "web.fetch", {"url": str(request.url)})
        if self.by_proxy and answer.status >= 400:
            answer.headers["Proxy-Nonce"] = request.headers["Proxy-Nonce"]
        return answer

    def _done(self, request: web.Request, tool: str, arguments: Json) -> web.Response:
        key = request.headers.get("Idempotency-Key", "")
        self.calls.append((tool, arguments, key))
        status, answer = self.perform(tool, arguments)
        kind = "application/problem+json" if status >= 400 else "application/json"
        return web.Response(text=json.dumps(answer), status=status, content_type=kind)


def use(tool: str, **arguments: Any) -> Json:
    """Return a part of a turn that calls a tool."""
    return {"tool": tool, "arguments": arguments}


def turn(*say: Json | str) -> Json:
    """Return a turn of these parts."""
    return {"say": [{"text": each} if isinstance(each, str) else each for each in say]}
