"""What can be refused without asking the ledger, so that asking in a loop costs little.

Redis is never the authority: a lost or evicted key has the ledger decide, and a wrong one can only
refuse. What is refused here is not asked of the ledger and so is no event; the first refusal was.

Allowances are never remembered. Refusals of a merchant or a category follow from the terms of an
intent, which never change; but another intent may take its name. So each is noted with the intent
that was current when it was asked for, and counts only while that is still so.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from venture_core.treasury.ledger import OtherInputError
from venture_core.treasury.reasons import ReasonCode

from venture_treasury_api.notes import Note, Notes

if TYPE_CHECKING:
    from uuid import UUID

    from redis.asyncio import Redis

PASSING_SECONDS: Final = 2
TERMS_SECONDS: Final = 300
INTENT_SECONDS: Final = 2 * TERMS_SECONDS
"""Longer than any refusal lives that came of the intent before it."""
KEY_SECONDS: Final = 24 * 3600
"""How long a key is known here. The ledger knows it for ever."""
PASSING: Final = frozenset(
    {
        ReasonCode.VELOCITY_COUNT_EXCEEDED,
        ReasonCode.VELOCITY_AMOUNT_EXCEEDED,
        ReasonCode.DAILY_CAP_EXCEEDED,
    }
)
"""Refusals that pass with time."""
OF_TERMS: Final = frozenset({ReasonCode.MERCHANT_NOT_ALLOWED, ReasonCode.CATEGORY_NOT_ALLOWED})
"""Refusals that follow from the intent's terms alone."""


class Purchase(NamedTuple):
    """What is asked for, by whom, under which key."""

    operation: UUID
    workflow: UUID
    task: str
    intent: str
    merchant: str
    category: str
    digest: str

    @property
    def names(self) -> tuple[str, str, str, str]:
        """The names of its notes: its key, refusals that pass, refusals by terms, the intent."""
        buys = f"{self.task}:{self.intent}:{self.merchant}:{self.category}"
        return (
            f"idempotency:{self.operation}",
            f"velocity-control:{self.workflow}:{self.digest}",
            f"allowlist:{self.workflow}:{buys}",
            _intent(self.workflow, self.intent),
        )


class Known(NamedTuple):
    """What is known of a purchase before the ledger is asked."""

    refusal: ReasonCode | None = None
    intent: str = ""
    """The intent that has the name now, as far as anybody knows."""


class Prereject:
    """Remembers refusals that pass for two seconds, those by terms for five minutes, keys a day."""

    def __init__(self, redis: Redis) -> None:
        self._notes = Notes(redis)

    async def known(self, purchase: Purchase) -> Known:
        """Return why the same was refused a while ago; no reason where it was not, or nobody knows.

        Raises OtherInputError where the operation is known with another input. An answer never
        comes from here.
        """
        if (values := await self._notes.read(*purchase.names)) is None:
            return Known()
        key, passing, by_terms, intent = values
        if key is not None and key != purchase.digest:
            raise OtherInputError("the same key was used with another body")
        current = intent or ""
        code, _, noted_for = (by_terms or "").partition(" ")
        # A key that is known has its answer in the ledger, whatever was refused since.
        if key is None and code in OF_TERMS and noted_for == current:
            return Known(ReasonCode(code), current)
        if key is None and passing in PASSING:
            return Known(ReasonCode(passing), current)
        return Known(None, current)

    def decided(self, purchase: Purchase, known: Known, refusal: ReasonCode | None) -> None:
        """Note a purchase that the ledger decided just now, after `known` was known of it."""
        key, passing, by_terms, _ = purchase.names
        self._notes.write(Note(key, purchase.digest, KEY_SECONDS))
        if refusal in PASSING:
            self._notes.write(Note(passing, refusal.value, PASSING_SECONDS))
        elif refusal in OF_TERMS:
            value = f"{refusal.value} {known.intent}"
            self._notes.write(Note(by_terms, value, TERMS_SECONDS))

    async def approved(self, workflow: UUID, name: str, intent: UUID) -> None:
        """Forget what was refused under the name of an intent: another one has it now."""
        note = Note(_intent(workflow, name), str(intent), INTENT_SECONDS)
        self._notes.write(note)
        # What is read comes after what was written: so it is forgotten before anybody is told.
        await self._notes.read(note.name)


def _intent(workflow: UUID, name: str) -> str:
    return f"allowlist-intent:{workflow}:{name}"
