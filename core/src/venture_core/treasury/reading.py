"""What the books say: budgets, intents, accounts and statements, as they stand now.

What is over counts as released here, whether or not the sweep has come by.
"""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from venture_core.record.database import COMMAND_SECONDS, Role, WatchfulConnection, patiently
from venture_core.record.failures import may_pass
from venture_core.treasury.ids import wallet_id, workflow_budget_id
from venture_core.treasury.ledger import LedgerUnavailableError
from venture_core.treasury.views import ACCOUNT_NAMES, budget_view, intent_view

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import SecretStr

MAX_ROWS: Final = 500
"""How many budgets or intents one answer lists."""
CONNECTIONS: Final = 4
LAST_MOMENTS: Final = timedelta(seconds=60)
PAGE: Final = 200
"""How many entries a page of a statement has."""

_FACTS: Final = """
  SELECT jsonb_build_object('budget', to_jsonb(b) || CASE WHEN b.state = 'Open'
    AND b.expires_at <= clock_timestamp() THEN jsonb_build_object('state', 'Expired',
    'ended_at', b.expires_at, 'held_micros', 0) ELSE '{}' END, 'wallet', to_jsonb(w),
    'intent', to_jsonb(i)) AS facts
  FROM treasury.budgets b JOIN treasury.wallets w USING (wallet_id)
  LEFT JOIN treasury.intents i ON i.intent_id = b.budget_id
"""
_OF_WORKFLOW: Final = (
    f"{_FACTS} WHERE b.budget_id = ANY ($1) OR b.parent_id = ANY ($1) "
    "ORDER BY b.opened_at, b.budget_id LIMIT $2"
)
_INTENT: Final = f"{_FACTS} WHERE b.budget_id = $1 AND i.intent_id IS NOT NULL"
_INTENTS: Final = (
    f"{_FACTS} WHERE w.namespace = $1 AND b.kind = 'Intent' ORDER BY b.opened_at DESC LIMIT $2"
)
_TREE: Final = (
    f"{_FACTS} WHERE w.namespace = $1 AND b.state = 'Open' "
    "ORDER BY cardinality(b.ancestors), b.opened_at DESC LIMIT $2"
)
_ACCOUNTS: Final = """
  SELECT a.*, w.currency FROM treasury.accounts a JOIN treasury.wallets w USING (wallet_id)
  WHERE w.namespace = $1 ORDER BY w.currency, a.code
"""
_UNSETTLED: Final = """
  SELECT hold_id, amount_micros - posted_micros AS micros FROM treasury.holds
  WHERE state = 'Pending' AND kind = 'Usage' AND expires_at > clock_timestamp()
    AND expires_at <= clock_timestamp() + least($1::interval, (expires_at - placed_at) / 10)
  ORDER BY expires_at LIMIT $2
"""
_ENTRIES: Final = """
  SELECT e.*, b.name AS intent, h.merchant FROM treasury.entries e
  LEFT JOIN treasury.holds h USING (hold_id)
  LEFT JOIN treasury.budgets b ON b.budget_id = h.budget_id AND b.kind = 'Intent'
  WHERE e.wallet_id = $1 AND e.code = 1020 AND e.position > $2 ORDER BY e.position LIMIT $3
"""


def reading_pool(url: SecretStr, name: str) -> asyncpg.Pool:
    """Return connections of the treasury's role, opened as they are needed."""
    return asyncpg.create_pool(
        url.get_secret_value(),
        min_size=0,
        max_size=CONNECTIONS,
        command_timeout=COMMAND_SECONDS,
        connection_class=WatchfulConnection,
        server_settings={"role": Role.TREASURY.value, "application_name": name},
    )


class Books:
    """Reads by connections of the treasury's role. All of it may raise LedgerUnavailableError."""

    def __init__(self, pool: asyncpg.Pool, *, give_up_after_seconds: float = 20.0) -> None:
        self._pool = pool
        self._give_up_after_seconds = give_up_after_seconds

    async def _rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Read, again while the database is away. Raises LedgerUnavailableError."""
        try:
            found: list[asyncpg.Record] = await patiently(self._give_up_after_seconds)(
                self._pool.fetch, query, *arguments
            )
        except Exception as error:
            if not may_pass(error):
                raise
            raise LedgerUnavailableError(f"the database does not answer: {error!r}") from error
        return found

    async def _row(self, query: str, *arguments: object) -> asyncpg.Record | None:
        return next(iter(await self._rows(query, *arguments)), None)

    async def of_workflow(self, workflow_uid: UUID) -> list[dict[str, Any]]:
        """Return a workflow's budgets, those of its tasks and intents among them."""
        roots = [
            workflow_budget_id(workflow_uid, "Cash"),
            workflow_budget_id(workflow_uid, "Usage"),
        ]
        rows = await self._rows(_OF_WORKFLOW, roots, MAX_ROWS)
        return [budget_view(json.loads(row["facts"])) for row in rows]

    async def intent(self, intent: UUID) -> dict[str, Any] | None:
        """Return an approved intent; None where there is none."""
        row = await self._row(_INTENT, intent)
        return None if row is None else intent_view(json.loads(row["facts"]))

    async def intents(self, namespace: str) -> list[dict[str, Any]]:
        """Return the latest intents of a namespace."""
        rows = await self._rows(_INTENTS, namespace, MAX_ROWS)
        return [intent_view(json.loads(row["facts"])) for row in rows]

    async def minor_micros_of(self, hold: UUID) -> int:
        """Return the micro-units in a minor unit of a hold's currency; one where there is none."""
        row = await self._row(
            "SELECT minor_micros FROM treasury.holds JOIN treasury.wallets USING (wallet_id) "
            "WHERE hold_id = $1",
            hold,
        )
        return 1 if row is None else row["minor_micros"]

    async def unsettled(self) -> list[tuple[UUID, int]]:
        """Return the holds for calls that nobody has settled and that end soon, with micro-units.

        Soon is the last minute, or the last tenth of a shorter hold.
        """
        rows = await self._rows(_UNSETTLED, LAST_MOMENTS, MAX_ROWS)
        return [(row["hold_id"], row["micros"]) for row in rows]

    async def tree(self, namespace: str) -> list[dict[str, Any]]:
        """Return the wallets of a namespace and the open budgets below them, from the top."""
        rows = await self._rows(_TREE, namespace, MAX_ROWS)
        return [budget_view(json.loads(row["facts"])) for row in rows]

    async def accounts(self, namespace: str) -> list[dict[str, Any]]:
        """Return the accounts of a namespace's wallets, each with what it holds."""
        return [
            {
                "code": row["code"],
                "name": ACCOUNT_NAMES[row["code"]],
                "currency": row["currency"],
                "balanceCents": abs(row["debits_minor"] - row["credits_minor"]),
                "entries": row["entries"],
            }
            for row in await self._rows(_ACCOUNTS, namespace)
        ]

    async def statement(self, namespace: str, currency: str, after: int) -> dict[str, Any]:
        """Return a page of a wallet's entries, after the position given."""
        wallet = wallet_id(namespace, currency)
        rows = await self._rows(_ENTRIES, wallet, after, PAGE)
        entries = [
            {
                "position": row["position"],
                "postedAt": row["posted_at"].isoformat(),
                "amountCents": row["amount_minor"],
                "balanceCents": row["balance_minor"],
                "account": ACCOUNT_NAMES[row["other_code"]],
                "intent": row["intent"],
                "merchant": row["merchant"],
                "operation": str(row["operation_id"]),
            }
            for row in rows
        ]
        more = {"after": entries[-1]["position"]} if len(entries) == PAGE else {}
        return {"currency": currency, "entries": entries, **more}
