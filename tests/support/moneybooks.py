"""What must be true of the books at any time, whatever was asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

IMBALANCES = {
    "debits and credits of a wallet differ": """
        SELECT wallet_id FROM treasury.accounts GROUP BY wallet_id
        HAVING sum(debits_minor) <> sum(credits_minor)""",
    "an account is not the sum of its entries": """
        SELECT a.wallet_id, a.code FROM treasury.accounts a LEFT JOIN treasury.entries e
        USING (wallet_id, code) GROUP BY a.wallet_id, a.code, a.debits_minor, a.credits_minor,
        a.entries HAVING coalesce(sum(e.amount_minor), 0) <> a.debits_minor - a.credits_minor
        OR count(e.position) <> a.entries OR coalesce(max(e.position), 0) <> a.entries""",
    "an entry's balance is not the sum up to it": """
        SELECT * FROM (SELECT *, sum(amount_minor) OVER (PARTITION BY wallet_id, code
        ORDER BY position) AS total FROM treasury.entries) e WHERE total <> balance_minor""",
    "a wallet holds another amount than its account, but for usage not yet posted": """
        SELECT * FROM treasury.wallets w JOIN treasury.budgets b ON b.budget_id = w.wallet_id
        JOIN treasury.accounts a ON a.wallet_id = w.wallet_id AND a.code = 1020
        JOIN treasury.accounts u ON u.wallet_id = w.wallet_id AND u.code = 6020
        WHERE b.limit_micros - b.spent_micros <> (a.debits_minor - a.credits_minor) * minor_micros
        - (usage_micros - u.debits_minor * minor_micros)
        OR usage_micros - u.debits_minor * minor_micros NOT BETWEEN 0 AND minor_micros - 1""",
    "a budget holds another amount than its holds and what it reserves": """
        SELECT b.budget_id FROM treasury.budgets b WHERE b.held_micros <>
        coalesce((SELECT sum(h.amount_micros - h.posted_micros) FROM treasury.holds h
        JOIN treasury.budgets o ON o.budget_id = h.budget_id
        WHERE h.state = 'Pending' AND b.budget_id = ANY (o.counts_on)), 0)
        + coalesce((SELECT sum(c.reserved_micros - c.spent_micros) FROM treasury.budgets c
        JOIN treasury.budgets p ON p.budget_id = c.parent_id
        WHERE c.reserves AND b.budget_id = ANY (p.counts_on)), 0)""",
    "a budget spent another amount than was posted below it": """
        SELECT b.budget_id FROM treasury.budgets b WHERE b.spent_micros <> coalesce((
        SELECT sum(h.posted_micros) FROM treasury.holds h JOIN treasury.budgets o
        ON o.budget_id = h.budget_id WHERE b.budget_id = ANY (o.ancestors || o.budget_id)), 0)""",
    "a day counts another amount than its holds": """
        SELECT d.* FROM treasury.days d WHERE d.used_micros <> coalesce((
        SELECT sum(CASE h.state WHEN 'Pending' THEN h.amount_micros ELSE h.posted_micros END)
        FROM treasury.holds h WHERE h.wallet_id = d.wallet_id AND h.day_start = d.day_start), 0)""",
    "an operation is no event": """
        SELECT operation_id FROM treasury.operations o WHERE NOT EXISTS (
        SELECT FROM record.event_ids e WHERE e.event_id = o.operation_id)""",
}
"""By the rule that is broken: what finds rows of it."""


async def assert_sound(connection: asyncpg.Connection) -> None:
    """Fail with the rule that the books break."""
    for rule, query in IMBALANCES.items():
        rows = await connection.fetch(query)
        assert not rows, f"{rule}: {[dict(row) for row in rows]}"
