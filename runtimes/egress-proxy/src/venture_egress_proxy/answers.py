"""What the proxy itself says to a client, beside what pages say through it."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from venture_core.policy.decision import ReasonCode

if TYPE_CHECKING:
    import asyncio

    from venture_egress_proxy.judging import Judged


class Answers:
    """Answers to one request, by problems (RFC 9457).

    Each carries the request's `Proxy-Nonce`, which no page is told: by it a client tells our no
    from that of a page, which may look the same.
    """

    def __init__(self, writer: asyncio.StreamWriter, nonce: str | None = None) -> None:
        self._writer = writer
        self._nonce = nonce

    async def refuse(self, judged: Judged) -> None:
        """Say what was decided."""
        decision = judged.decision
        status = HTTPStatus.BAD_REQUEST if judged.to is None else HTTPStatus.FORBIDDEN
        if decision.reason_code is ReasonCode.FREEZE_MODE_ACTIVE:
            # The same may be asked again after the thaw; of a tunnel one hears the status only.
            status = HTTPStatus.LOCKED
        await self.say(
            status,
            f"{decision.message} ({decision.reason_code}, rule {decision.rule})",
            rule=decision.rule,
            reasonCode=str(decision.reason_code),
        )

    async def say(self, status: HTTPStatus, message: str, **more: str) -> None:
        """Answer by a problem."""
        problem = {"title": status.phrase, "status": status.value, "detail": message, **more}
        body = json.dumps(problem).encode()
        head = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            "Content-Type: application/problem+json",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        if self._nonce is not None:
            head.append(f"Proxy-Nonce: {self._nonce}")
        if status is HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            head.append("Proxy-Authenticate: Bearer")
        self._writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await self._writer.drain()
