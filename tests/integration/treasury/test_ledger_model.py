"""The ledger against a model of a page: any order of operations gives the same answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)
from moneybooks import assert_sound
from moneyscenes import OK, Scene, code_of
from soaking import examples
from venture_core.treasury.ledger import Ledger
from venture_core.treasury.operations import Kind
from venture_core.treasury.reasons import ReasonCode

if TYPE_CHECKING:
    from pydantic import SecretStr
    from venture_core.treasury.answers import Answer
    from venture_core.treasury.operations import Operation

AMOUNTS = st.integers(min_value=1, max_value=6_000)


@dataclass
class Hold:
    amount: int
    intent: UUID
    posted: int = 0
    refunded: int = 0
    state: str = "Pending"


@dataclass
class Model:
    """Whole cents; every rule that matters is one line."""

    funded: int = 0
    cash: int = 0
    intents: dict[UUID, tuple[int, str]] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)

    def spent(self, intent: UUID) -> int:
        return sum(each.posted for each in self.holds.values() if each.intent == intent)

    def held(self, intent: UUID) -> int:
        pending = [e for e in self.holds.values() if e.intent == intent and e.state == "Pending"]
        return sum(each.amount - each.posted for each in pending)

    def used(self) -> int:
        """What is taken of the workflow's budget: what was spent, and what open intents hold."""
        return sum(
            cap if state == "Open" else self.spent(intent)
            for intent, (cap, state) in self.intents.items()
        )

    def approve(self, intent: UUID, cap: int) -> ReasonCode:
        if self.used() + cap > self.cash:
            return ReasonCode.BUDGET_EXCEEDED
        self.intents[intent] = (cap, "Open")
        return OK

    def spend(self, hold: UUID, intent: UUID, amount: int, *, final: bool) -> ReasonCode:
        cap, state = self.intents[intent]
        if state != "Open":
            return ReasonCode(f"INTENT_{state.upper()}")
        if amount > cap:
            return ReasonCode.PER_TRANSACTION_CAP_EXCEEDED
        if self.spent(intent) + self.held(intent) + amount > cap:
            return ReasonCode.CAP_EXCEEDED
        self.holds[hold] = Hold(amount, intent)
        return self.capture(hold, amount, final=True) if final else OK

    def capture(self, hold: UUID, amount: int, *, final: bool) -> ReasonCode:
        each = self.holds[hold]
        if each.state != "Pending":
            return ReasonCode(f"HOLD_{each.state.upper()}")
        if each.posted + amount > each.amount:
            return ReasonCode.CAPTURE_EXCEEDS_HOLD
        each.posted += amount
        if final or each.posted == each.amount:
            each.state = "Posted"
        cap, _ = self.intents[each.intent]
        if self.spent(each.intent) == cap:
            self.intents[each.intent] = (cap, "Consumed")
        return OK

    def void(self, hold: UUID) -> ReasonCode:
        each = self.holds[hold]
        if each.state != "Pending":
            return ReasonCode(f"HOLD_{each.state.upper()}")
        each.state = "Voided"
        return OK

    def refund(self, hold: UUID, amount: int) -> ReasonCode:
        each = self.holds[hold]
        if each.refunded + amount > each.posted:
            return ReasonCode.REFUND_EXCEEDS_CAPTURE
        each.refunded += amount
        return OK

    def revoke(self, intent: UUID) -> ReasonCode:
        cap, state = self.intents[intent]
        if state != "Open":
            return ReasonCode.BUDGET_CLOSED
        for each in self.holds.values():
            if each.intent == intent and each.state == "Pending":
                each.state = "Voided"
        self.intents[intent] = (cap, "Revoked")
        return OK

    def balance(self) -> int:
        return self.funded - sum(each.posted - each.refunded for each in self.holds.values())


def _machine(database: SecretStr, runner: asyncio.Runner) -> type[RuleBasedStateMachine]:
    class Machine(RuleBasedStateMachine):
        intents: Bundle[UUID] = Bundle("intents")
        holds: Bundle[UUID] = Bundle("holds")
        asked: Bundle[Any] = Bundle("asked")

        def __init__(self) -> None:
            super().__init__()
            self.model = Model(funded=30_000, cash=20_000)
            self.ledger = Ledger(database, name="model")
            runner.run(self.ledger.__aenter__())
            self.scene = Scene(self.ledger, namespace=f"n{uuid4().hex}")

        @initialize()
        def begin(self) -> None:
            assert code_of(runner.run(self.scene.fund(30_000))) == OK
            assert code_of(runner.run(self.scene.budgets(cash=20_000, llm=0))) == OK

        def _decided(self, operation: Operation, expected: ReasonCode) -> Answer:
            answer = runner.run(self.ledger.decide(operation))
            assert code_of(answer) == expected, operation
            return answer

        @rule(target=intents, cap=st.integers(min_value=1, max_value=12_000))
        def approve(self, cap: int) -> Any:
            intent = uuid4()
            terms = {"cap_cents": cap, "per_transaction_cents": cap}
            answer = runner.run(self.scene.approve(intent, **terms))
            assert code_of(answer) == self.model.approve(intent, cap)
            return intent if intent in self.model.intents else multiple()

        @rule(target=holds, intent=intents, amount=AMOUNTS, final=st.booleans())
        def spend(self, intent: UUID, amount: int, *, final: bool) -> Any:
            operation = self.scene.spending(amount, budget=intent, final=final)
            expected = self.model.spend(operation.id, intent, amount, final=final)
            self._decided(operation, expected)
            return operation.id if operation.id in self.model.holds else multiple()

        @rule(target=asked, hold=holds, amount=AMOUNTS, final=st.booleans())
        def capture(self, hold: UUID, amount: int, *, final: bool) -> Any:
            operation = self.scene.following(Kind.CAPTURE, hold, amount, final=final)
            expected = self.model.capture(hold, amount, final=final)
            return operation, self._decided(operation, expected)

        @rule(target=asked, hold=holds)
        def void(self, hold: UUID) -> Any:
            operation = self.scene.following(Kind.VOID, hold)
            return operation, self._decided(operation, self.model.void(hold))

        @rule(target=asked, hold=holds, amount=AMOUNTS)
        def refund(self, hold: UUID, amount: int) -> Any:
            operation = self.scene.following(Kind.REFUND, hold, amount)
            return operation, self._decided(operation, self.model.refund(hold, amount))

        @rule(intent=consumes(intents))
        def revoke(self, intent: UUID) -> None:
            answer = runner.run(self.scene.void_intent(intent))
            assert code_of(answer) == self.model.revoke(intent)

        @rule(asked=asked)
        def ask_again(self, asked: tuple[Operation, Answer]) -> None:
            operation, answer = asked
            assert runner.run(self.ledger.decide(operation)) == answer

        def teardown(self) -> None:
            runner.run(self._check())
            runner.run(self.ledger.__aexit__(None, None, None))

        async def _check(self) -> None:
            connection = await asyncpg.connect(database.get_secret_value())
            try:
                await assert_sound(connection)
                balance = await connection.fetchval(
                    "SELECT debits_minor - credits_minor FROM treasury.accounts "
                    "WHERE wallet_id = $1 AND code = 1020",
                    self.scene.wallet,
                )
                assert balance in {None, self.model.balance()}
            finally:
                await connection.close()

    return Machine


async def test_any_order_of_operations_is_answered_as_the_model_answers(
    database: SecretStr,
) -> None:
    def search() -> None:
        with asyncio.Runner() as runner:
            run_state_machine_as_test(
                _machine(database, runner),
                settings=settings(
                    max_examples=examples(20),
                    stateful_step_count=30,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )

    await asyncio.to_thread(search)
