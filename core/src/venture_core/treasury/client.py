"""`TreasuryClient`: what other services of ours ask the treasury for.

Every call is safe to repeat: the same key and input are answered as they were the first time.
"""

import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp
from pydantic import TypeAdapter, ValidationError

from venture_core.treasury.models import (
    Account,
    Budget,
    Intent,
    Settlement,
    Statement,
    UsageHold,
    VoidIntentRequest,
)
from venture_core.treasury.reasons import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType
    from uuid import UUID

    from venture_core.treasury.models import (
        FundingRequest,
        Input,
        IntentTerms,
        SettlementRequest,
        TaskBudgetRequest,
        UsageHoldRequest,
        WorkflowBudgetRequest,
    )

REQUEST_SECONDS: Final = 25.0
"""Longer than the treasury tries to reach its database."""

_BUDGETS: Final = TypeAdapter(tuple[Budget, ...])
_INTENTS: Final = TypeAdapter(tuple[Intent, ...])
_ACCOUNTS: Final = TypeAdapter(tuple[Account, ...])


class TreasuryRefusedError(Exception):
    """The treasury said no, and why; the same again is refused again."""

    def __init__(self, code: ReasonCode | None, message: str, raises: str | None) -> None:
        super().__init__(message)
        self.code = code
        """None where it is no decision about money: who asks, or how."""
        self.raises = raises
        """What could be raised to have it pass, where something could."""


class TreasuryUnavailableError(Exception):
    """The treasury did not answer: whether it was done is unknown. The same again tells."""


class TreasuryClient:
    """Speaks to treasury-api; an async context manager.

    Tokens and authorities are asked for anew at each call: both are renewed meanwhile.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Callable[[], str],
        authorities: Callable[[], str] | None = None,
        host: str | None = None,
    ) -> None:
        """Prepare to call `url`.

        `authorities` gives the PEM of whoever signs the serving certificates of our services; None
        where the URL is plain HTTP. `host` is the name in its certificate, where the URL leads
        there by another, as a forwarded port does.
        """
        self._url = url.rstrip("/")
        self._token = token
        self._authorities = authorities
        self._host = host
        self._session: aiohttp.ClientSession | None = None
        self._contexts: dict[str, ssl.SSLContext] = {}

    @classmethod
    def by_files(cls, url: str, *, token_file: Path, authorities: Path | None = None) -> Self:
        """Return the client of a pod: the kubelet renews both files."""
        return cls(
            url,
            token=token_file.read_text,
            authorities=None if authorities is None else authorities.read_text,
        )

    async def __aenter__(self) -> Self:
        """Begin; connections are opened as they are needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close them."""
        await self.close()

    async def close(self) -> None:
        """Close the connections; another call opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def open(self, workflow_uid: UUID, request: WorkflowBudgetRequest) -> tuple[Budget, ...]:
        """Open a workflow's budgets, or give them other limits: `raise` is the same call.

        Each generation of the Workflow can do so once. Raises TreasuryRefusedError where the wallet
        has not enough, and TreasuryUnavailableError.
        """
        body = await self._call("PUT", f"/v1/budgets/{workflow_uid}", request)
        return _BUDGETS.validate_python(body["budgets"])

    async def reserve(
        self, workflow_uid: UUID, task: str, request: TaskBudgetRequest
    ) -> tuple[Budget, ...]:
        """Open a task's budget for language models, or give it another limit."""
        body = await self._call("PUT", f"/v1/budgets/{workflow_uid}/tasks/{task}", request)
        return _BUDGETS.validate_python(body["budgets"])

    async def release(self, workflow_uid: UUID) -> None:
        """End a workflow's budgets, and those below: what was not spent is free again.

        Safe to repeat, and where there never was a budget. Calls of language models that are under
        way are settled all the same. `open` with a later generation sets them aside again.
        """
        await self._call("DELETE", f"/v1/budgets/{workflow_uid}")

    async def budgets(self, workflow_uid: UUID) -> tuple[Budget, ...]:
        """Return a workflow's budgets, those of its tasks and intents among them."""
        body = await self._call("GET", f"/v1/budgets/{workflow_uid}")
        return _BUDGETS.validate_python(body["budgets"])

    async def hold_usage(self, key: str, request: UsageHoldRequest) -> UsageHold:
        """Hold the worst case of a call. Raises TreasuryRefusedError where there is no room."""
        return UsageHold.model_validate(
            await self._call("POST", "/v1/usage/holds", request, key=key)
        )

    async def settle_usage(self, hold: UUID, request: SettlementRequest) -> Settlement:
        """Post what a call cost, and release the rest."""
        path = f"/v1/usage/holds/{hold}/settlement"
        return Settlement.model_validate(await self._call("POST", path, request, key=str(hold)))

    async def hold(self, intent: UUID, terms: IntentTerms) -> Intent:
        """Hold what an approved intent may spend, once, on these terms."""
        return Intent.model_validate(await self._call("PUT", f"/v1/intents/{intent}", terms))

    async def void(self, intent: UUID, request: VoidIntentRequest | None = None) -> Intent | None:
        """Take the leave back; None where it was never approved."""
        given = request or VoidIntentRequest(reason="Revoked")
        body = await self._call("POST", f"/v1/intents/{intent}/void", given, missing_ok=True)
        return Intent.model_validate(body) if body else None

    async def intent(self, intent: UUID) -> Intent | None:
        """Return an intent as the ledger has it; None where it was never approved."""
        body = await self._call("GET", f"/v1/intents/{intent}", missing_ok=True)
        return Intent.model_validate(body) if body else None

    async def intents(self, namespace: str) -> tuple[Intent, ...]:
        """Return the latest approved intents of a namespace, at most 500."""
        body = await self._call("GET", f"/v1/intents?namespace={namespace}")
        return _INTENTS.validate_python(body["intents"])

    async def fund(self, namespace: str, key: str, request: FundingRequest) -> Budget:
        """Pay into a namespace's wallet."""
        path = f"/v1/wallets/{namespace}/funding"
        return Budget.model_validate(await self._call("POST", path, request, key=key))

    async def tree(self, namespace: str) -> tuple[Budget, ...]:
        """Return a namespace's wallets and the open budgets below them."""
        body = await self._call("GET", f"/v1/budgets?namespace={namespace}")
        return _BUDGETS.validate_python(body["budgets"])

    async def accounts(self, namespace: str) -> tuple[Account, ...]:
        """Return the accounts of a namespace's wallets."""
        body = await self._call("GET", f"/v1/ledger/accounts?namespace={namespace}")
        return _ACCOUNTS.validate_python(body["accounts"])

    async def statement(self, namespace: str, currency: str, *, after: int = 0) -> Statement:
        """Return a page of what came into a wallet and went out of it."""
        path = f"/v1/statements?namespace={namespace}&currency={currency}&after={after}"
        return Statement.model_validate(await self._call("GET", path))

    async def _call(
        self,
        method: str,
        path: str,
        request: Input | None = None,
        *,
        key: str | None = None,
        missing_ok: bool = False,
    ) -> dict[str, Any]:
        """Return the answer's body; empty where nothing is there and that is no error."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS), auto_decompress=False
            )
        headers = {"Authorization": f"Bearer {self._token().strip()}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        data = None
        if request is not None:
            headers["Content-Type"] = "application/json"
            data = request.model_dump_json(by_alias=True, exclude_none=True).encode()
        try:
            async with self._session.request(
                method,
                self._url + path,
                data=data,
                headers=headers,
                ssl=self._trust(),
                server_hostname=self._host,
            ) as response:
                status = response.status
                body: dict[str, Any] = (
                    await response.json(content_type=None)
                    if status != HTTPStatus.NO_CONTENT
                    else {}
                )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise TreasuryUnavailableError(f"the treasury does not answer: {error!r}") from error
        if status < HTTPStatus.BAD_REQUEST:
            return body
        if status == HTTPStatus.NOT_FOUND and missing_ok:
            return {}
        raise _problem(status, body)

    def _trust(self) -> ssl.SSLContext | bool:
        """Return whom to trust: the same context as long as the authorities are the same.

        So connections are used again.
        """
        if self._authorities is None:
            return True
        pem = self._authorities()
        if pem not in self._contexts:
            self._contexts = {pem: ssl.create_default_context(cadata=pem)}
        return self._contexts[pem]


_AGAIN: Final = frozenset({408, 409, 429})


def _problem(
    status: int, body: Mapping[str, Any]
) -> TreasuryRefusedError | TreasuryUnavailableError:
    detail = str(body.get("detail", f"the treasury answers {status}"))
    try:
        code = TypeAdapter(ReasonCode).validate_python(body.get("reasonCode"))
    except ValidationError:
        code = None
    if code is None and (status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _AGAIN):
        return TreasuryUnavailableError(detail)
    return TreasuryRefusedError(code, detail, body.get("raise"))
