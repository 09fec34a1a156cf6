"""The services that perform what an agent asks for. Each decides by the token, and may say no."""

import json
import re
import secrets
import ssl
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import uuid5

import httpx2
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)
from venture_core.canonical import canonical_json

from venture_agent_runtime.away import FrozenError, ServiceAwayError, patiently
from venture_agent_runtime.calling import calling
from venture_agent_runtime.conversation import Outcome
from venture_agent_runtime.tools import TOOLS, Performer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from venture_core.agents.assignment import AgentAssignment

    from venture_agent_runtime.conversation import Call
    from venture_agent_runtime.settings import Settings

TIMEOUT_SECONDS: Final = 30.0
FETCHES: Final = 3
"""How often a page is asked for whose connection breaks."""
FETCH_MAX_BYTES: Final = 256 * 1024
TEXT_MAX: Final = 10_000
"""How much of what comes from outside a model is shown, in characters."""
_READABLE: Final = re.compile(r"^(text/|application/(json|[a-z0-9.+-]+\+json|xml)\b)")
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_PROBLEM: Final = "application/problem+json"
"""How our own services say no."""
_IN_FLIGHT: Final = "/in-flight"
"""The end of the type of a problem: the same request is being decided."""
_TOOL: Final = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_NO: Final = frozenset({HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT})

_fetching: Final = AsyncRetrying(
    retry=retry_if_exception_type(httpx2.TransportError),
    wait=wait_random_exponential(multiplier=0.5, max=5),
    stop=stop_after_attempt(FETCHES),
    reraise=True,
)


class Tokens:
    """The projected tokens of the pod, read anew each time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, audience: str) -> str:
        """Return the token of an audience. Raises OSError."""
        return (self._folder / audience).read_text().strip()


class Services:
    """Carries out calls of tools."""

    def __init__(
        self, settings: Settings, assignment: AgentAssignment, tls: ssl.SSLContext | None
    ) -> None:
        self._settings = settings
        self._assignment = assignment
        self._tokens = Tokens(settings.tokens_folder)
        self._tls = tls

    def available(self) -> list[str]:
        """Return the tools that the task asks for and somebody performs here."""
        settings = self._settings
        there = {
            Performer.WEB: settings.egress_proxy_url,
            Performer.TOOLS: settings.tool_gateway_url,
            Performer.TREASURY: settings.treasury_url,
        }
        wanted = [TOOLS[name] for name in self._assignment.tools if name in TOOLS]
        return [tool.name for tool in wanted if there[tool.performer]]

    async def perform(self, call: Call) -> Outcome:
        """Carry out a call; what a service says to it, the model is told.

        Raises ServiceAwayError where none says anything for as long as the settings have it, and
        FrozenError.
        """
        if call.tool not in self.available():
            return await self._undeclared(call)
        trying = patiently(self._settings.patience_seconds)
        try:
            outcome: Outcome = await trying(self._once, call)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return Outcome(f"{call.tool} failed: {type(error).__name__}", failed=True)
        return outcome

    async def _undeclared(self, call: Call) -> Outcome:
        """Have what the task does not list refused where refusals are recorded."""
        if self._settings.tool_gateway_url and _TOOL.fullmatch(call.tool):
            with suppress(ServiceAwayError, OSError):
                outcome = await self._gateway(call)
                if outcome.denied:
                    return outcome
        return Outcome(f"there is no tool {call.tool[:64]} for this task", denied=True)

    async def _once(self, call: Call) -> Outcome:
        match TOOLS[call.tool].performer:
            case Performer.WEB:
                outcome: Outcome = await _fetching(self._page, str(call.arguments.get("url", "")))
                return outcome
            case Performer.TOOLS:
                return await self._gateway(call)
            case Performer.TREASURY:
                return await self._pay(call)

    async def _page(self, url: str) -> Outcome:
        try:
            return await self._fetch(url)
        except httpx2.ProxyError as error:
            # The proxy's no to a tunnel: there is no answer that could hold its words.
            return _refused_tunnel(str(error)[:200])
        except httpx2.ConnectError as error:
            if _by_tls(error):
                raise
            raise ServiceAwayError("the proxy does not answer") from error

    async def _fetch(self, url: str) -> Outcome:
        token, nonce = self._tokens.of("venture-egress"), secrets.token_urlsafe()
        proxy = httpx2.Proxy(
            self._settings.egress_proxy_url or "",
            headers={"Proxy-Authorization": f"Bearer {token}", "Proxy-Nonce": nonce},
            ssl_context=self._tls,
        )
        async with (
            calling(None, TIMEOUT_SECONDS, proxy) as client,
            client.stream("GET", url, headers={"Accept": "application/json, text/*"}) as response,
        ):
            kind = response.headers.get("content-type", "").lower()
            # Pages may answer as the proxy does, but are not told the nonce.
            if response.headers.get("proxy-nonce") == nonce:
                _raise_not_now(response.status_code)
                if response.status_code == HTTPStatus.FORBIDDEN:
                    data = await _read(response)
                    return Outcome(_clean(data.decode(errors="replace")), denied=True)
            if not _READABLE.match(kind):
                return Outcome(
                    f"{kind or 'no content type'}: only JSON and text are read", failed=True
                )
            data = await _read(response)
        seen = {
            "status": response.status_code,
            "contentType": kind,
            "text": _clean(data.decode(errors="replace")),
        }
        return Outcome(json.dumps(seen, ensure_ascii=False), failed=response.is_error)

    async def _gateway(self, call: Call) -> Outcome:
        url = f"{self._settings.tool_gateway_url}/v1/tools/{call.tool}"
        body = {"callId": self._key(call), "arguments": dict(call.arguments)}
        return await self._post(url, body, "venture-tools", call)

    async def _pay(self, call: Call) -> Outcome:
        url = f"{self._settings.treasury_url}/v1/money/authorizations"
        return await self._post(url, dict(call.arguments), "venture-treasury", call)

    async def _post(self, url: str, body: object, audience: str, call: Call) -> Outcome:
        headers = {
            "Authorization": f"Bearer {self._tokens.of(audience)}",
            "Idempotency-Key": self._key(call),
        }
        async with calling(self._tls, TIMEOUT_SECONDS) as client:
            try:
                response = await client.post(url, json=body, headers=headers)
            except httpx2.TransportError as error:
                raise ServiceAwayError(f"{call.tool}: {type(error).__name__}") from error
        text, problem = _clean(response.text), _problem(response)
        if response.status_code == HTTPStatus.LOCKED:
            raise FrozenError(str(problem.get("detail", text)))
        under_way = str(problem.get("type", "")).endswith(_IN_FLIGHT)
        if under_way or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServiceAwayError(f"{call.tool}: status {response.status_code}")
        denied = response.status_code in _NO or "reasonCode" in problem
        return Outcome(text, failed=response.is_error, denied=denied)

    def _key(self, call: Call) -> str:
        """Return what names the effect of a call: who says the same again repeats none."""
        arguments = canonical_json(dict(call.arguments)).decode()
        return str(uuid5(self._assignment.task_id, f"{call.ordinal}/{call.tool}/{arguments}"))


def _problem(response: httpx2.Response) -> Mapping[str, object]:
    """Return what a service says is wrong (RFC 9457), empty where nothing is or it cannot say."""
    if not response.headers.get("content-type", "").startswith(_PROBLEM):
        return {}
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refused_tunnel(said: str) -> Outcome:
    status = int(said[:3]) if said[:3].isdecimal() else 0
    _raise_not_now(status)
    denied = status == HTTPStatus.FORBIDDEN
    return Outcome(f"the proxy refuses: {said}", failed=not denied, denied=denied)


def _raise_not_now(status: int) -> None:
    """Raise NotNowError where the proxy may say something else to a later attempt."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise ServiceAwayError("the proxy cannot decide now")
    if status == HTTPStatus.LOCKED:
        raise FrozenError("the proxy opens nothing while a freeze holds")


def _by_tls(error: BaseException | None) -> bool:
    """Whether TLS failed: that of a page is none of the proxy's business."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


async def _read(response: httpx2.Response) -> bytes:
    """Return the beginning of what comes, at most FETCH_MAX_BYTES."""
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) >= FETCH_MAX_BYTES:
            break
    return bytes(data[:FETCH_MAX_BYTES])


def _clean(text: str) -> str:
    """Return a text without what nobody sees, cut to its bound."""
    return _CONTROL.sub("", text)[:TEXT_MAX]
