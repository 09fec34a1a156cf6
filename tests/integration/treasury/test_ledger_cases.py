"""What must come out when money is held, spent, given back, or when its time is over."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from clirecord import as_superuser
from moneybooks import assert_sound
from moneyscenes import OK, Scene, code_of
from venture_core.treasury.ids import task_budget_id, workflow_budget_id
from venture_core.treasury.ledger import Ledger, OtherInputError
from venture_core.treasury.models import Velocity
from venture_core.treasury.operations import Kind
from venture_core.treasury.reading import Books, reading_pool
from venture_core.treasury.reasons import ReasonCode
from venture_treasury_api.sweeping import settle_unsaid
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg
    from pydantic import SecretStr
    from venture_core.treasury.answers import Answer


@pytest.fixture(autouse=True)
async def sound(superuser: asyncpg.Connection) -> AsyncIterator[None]:
    """Whatever a test did, the books are in order afterwards."""
    yield
    await assert_sound(superuser)


def _id(answer: Answer) -> UUID:
    return UUID(answer.json()["id"])


async def _balance(superuser: asyncpg.Connection, code: int = 1020) -> int:
    found: int = await superuser.fetchval(
        "SELECT debits_minor - credits_minor FROM treasury.accounts WHERE code = $1", code
    )
    return found


async def _budget(superuser: asyncpg.Connection, budget: UUID) -> asyncpg.Record:
    return await superuser.fetchrow("SELECT * FROM treasury.budgets WHERE budget_id = $1", budget)


async def test_of_two_refunds_that_are_too_much_together_one_succeeds(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    hold = _id(await scene.spend(10_000, final=True))
    codes = [
        code_of(each)
        for each in await asyncio.gather(
            scene.follow(Kind.REFUND, hold, 6_000), scene.follow(Kind.REFUND, hold, 6_000)
        )
    ]
    assert sorted(codes) == [ReasonCode.REFUND_EXCEEDS_CAPTURE, OK]
    assert await _balance(superuser) == 100_000 - 10_000 + 6_000


async def test_a_final_capture_frees_the_rest_at_once(scene: Scene) -> None:
    hold = _id(await scene.spend(10_000))
    assert code_of(await scene.spend(1)) == ReasonCode.CAP_EXCEEDED
    await scene.follow(Kind.CAPTURE, hold, 3_000, final=True)
    assert code_of(await scene.spend(7_000)) == OK


async def test_a_capture_that_is_not_final_keeps_the_rest_held(scene: Scene) -> None:
    hold = _id(await scene.spend(10_000))
    captured = await scene.follow(Kind.CAPTURE, hold, 3_000)
    assert captured.json()["state"] == "Pending"
    assert code_of(await scene.spend(1)) == ReasonCode.CAP_EXCEEDED
    over = await scene.follow(Kind.CAPTURE, hold, 7_001)
    assert code_of(over) == ReasonCode.CAPTURE_EXCEEDS_HOLD
    assert (await scene.follow(Kind.CAPTURE, hold, 7_000)).json()["state"] == "Posted"


async def test_a_hold_whose_time_is_over_is_resolved_once_by_the_databases_clock(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    hold = _id(await scene.spend(10_000, ttl_seconds=1))
    at: datetime = await superuser.fetchval("SELECT expires_at FROM treasury.holds")
    now: datetime = await superuser.fetchval("SELECT clock_timestamp()")
    await asyncio.sleep(max((at - now).total_seconds() - 0.01, 0))
    tries = [
        operation
        for _ in range(30)
        for operation in (
            scene.following(Kind.CAPTURE, hold, 10_000, final=True),
            scene.following(Kind.VOID, hold),
        )
    ]
    codes = [code_of(await scene.ledger.decide(each)) for each in tries]
    state = await superuser.fetchval("SELECT state FROM treasury.holds")
    assert codes.count(OK) == (0 if state == "Expired" else 1)
    resolved = await superuser.fetchval("SELECT resolved_at FROM treasury.holds")
    assert (resolved >= at) == (state == "Expired")


async def test_an_approval_that_comes_too_late_holds_nothing(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    late = await scene.approve(uuid4(), expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert code_of(late) == ReasonCode.INTENT_EXPIRED
    assert await superuser.fetchval("SELECT count(*) FROM treasury.intents") == 1


async def test_of_six_holds_on_a_budget_for_five_the_sixth_is_refused(scene: Scene) -> None:
    answers = await asyncio.gather(*(scene.spend(2_000) for _ in range(6)))
    assert sorted(map(code_of, answers)) == [ReasonCode.CAP_EXCEEDED] + [OK] * 5


@pytest.mark.parametrize(
    ("first", "code"),
    [(Kind.VOID, ReasonCode.HOLD_VOIDED), (Kind.CAPTURE, ReasonCode.HOLD_POSTED)],
)
async def test_what_is_resolved_stays_so(
    scene: Scene, superuser: asyncpg.Connection, first: Kind, code: ReasonCode
) -> None:
    hold = _id(await scene.spend(10_000))
    assert code_of(await scene.follow(first, hold, 10_000)) == OK
    before = await superuser.fetchval("SELECT count(*) FROM treasury.transfers")
    for again in (Kind.CAPTURE, Kind.VOID):
        assert code_of(await scene.follow(again, hold, 1)) == code
    assert await superuser.fetchval("SELECT count(*) FROM treasury.transfers") == before


async def test_the_same_operation_is_answered_alike_and_another_under_its_id_is_refused(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    operation = scene.spending(1_000, final=True)
    answers = await asyncio.gather(*(scene.ledger.decide(operation) for _ in range(5)))
    assert len({each.body for each in answers}) == 1
    with pytest.raises(OtherInputError):
        await scene.ledger.decide(scene.spending(2_000, id=operation.id, input_hash="33" * 32))
    assert await _balance(superuser) == 99_000


async def test_whoever_does_not_know_whether_it_was_done_asks_again(
    database: SecretStr, scene: Scene, superuser: asyncpg.Connection
) -> None:
    operation = scene.spending(1_000, final=True)
    asked = asyncio.create_task(scene.ledger.decide(operation))
    await asyncio.sleep(0)
    asked.cancel()
    async with Ledger(database, name="another") as other:
        assert code_of(await other.decide(operation)) == OK
    assert await _balance(superuser) == 99_000


async def test_a_raised_budget_takes_more_and_a_lowered_one_takes_nothing_back(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    cash = workflow_budget_id(scene.workflow, "Cash")
    await scene.spend(10_000, final=True)
    assert code_of(await scene.approve(uuid4(), cap_cents=40_001)) == ReasonCode.BUDGET_EXCEEDED
    await scene.budgets(cash=50_001, generation=2)
    assert code_of(await scene.approve(uuid4(), cap_cents=40_001)) == OK
    assert code_of(await scene.budgets(cash=5_000, generation=3)) == OK
    assert code_of(await scene.approve(uuid4(), cap_cents=1)) == ReasonCode.BUDGET_EXCEEDED
    assert (await _budget(superuser, cash))["spent_micros"] == 10_000 * 10_000


async def test_what_callers_who_vanished_held_comes_back(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    await scene.task()
    usage = task_budget_id(scene.workflow, "research")
    answers = await asyncio.gather(*(scene.hold_usage(1_000, ttl_seconds=5) for _ in range(1_000)))
    assert {code_of(each) for each in answers} == {OK}
    assert (await _budget(superuser, usage))["held_micros"] == 1_000_000

    async def nothing_held() -> bool:
        await scene.ledger.sweep()
        return bool((await _budget(superuser, usage))["held_micros"] == 0)

    await until(nothing_held)
    assert (
        await superuser.fetchval(
            "SELECT count(*) FROM record.readable_events "
            "WHERE event_type = 'ledger.usage.expired.v1'"
        )
        == 1_000
    )


async def test_a_role_uses_in_a_day_what_its_bundle_gives_it(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    """All its tasks and workflows together, and nobody else; what was not used counts no more."""
    role = {"role": "researcher", "role_day_cents": 1}
    other = Scene(scene.ledger)
    assert code_of(await other.budgets(cash=0)) == OK
    for each in (scene, other):
        await each.task()
        await each.task("write")

    async def asked(of: Scene, micros: int, task: str, **more: Any) -> Answer:
        return await of.hold_usage(micros, task=task, **(role | more))

    held = [asked(of, 2_000, task) for of in (scene, other) for task in ("research", "write")]
    answers = await asyncio.gather(
        *held, asked(scene, 2_000, "write"), asked(other, 2_000, "write")
    )
    codes = sorted(code_of(each) for each in answers)
    assert codes == [ReasonCode.ROLE_DAY_EXCEEDED, *[OK] * 5]
    done = [each for each in answers if code_of(each) == OK]
    assert code_of(await asked(scene, 1, "research")) == ReasonCode.ROLE_DAY_EXCEEDED
    assert code_of(await asked(scene, 1, "research", role="writer")) == OK
    assert code_of(await scene.hold_usage(1)) == OK
    await scene.settle(_id(done[0]), 500)
    assert code_of(await asked(scene, 1_500, "research")) == OK
    assert code_of(await asked(scene, 1, "research")) == ReasonCode.ROLE_DAY_EXCEEDED
    yesterday = "UPDATE treasury.holds SET placed_at = placed_at - interval '1 day'"
    await as_superuser(superuser, yesterday)
    assert code_of(await asked(scene, 10_000, "research")) == OK


async def test_a_call_that_nobody_settles_costs_its_worst_case(
    scene: Scene, database: SecretStr, superuser: asyncpg.Connection
) -> None:
    """Its gateway was killed: what the provider charged nobody can say any more."""
    await scene.task()
    held = _id(await scene.hold_usage(1_000))
    settled = _id(await scene.hold_usage(5_000))
    running = _id(await scene.hold_usage(7_000))
    await scene.settle(settled, 10)
    usage = task_budget_id(scene.workflow, "research")
    async with reading_pool(database, "test") as pool:
        books = Books(pool)
        assert await books.unsettled() == []
        # An hour goes by, but for its last seconds.
        moved = "UPDATE treasury.holds SET placed_at = placed_at - interval '3590 s', "
        moved += "expires_at = expires_at - interval '3590 s' WHERE hold_id <> $1"
        await as_superuser(superuser, moved, running)
        assert await books.unsettled() == [(held, 1_000)]
        # Two replicas do the same.
        await asyncio.gather(*(settle_unsaid(scene.ledger, books) for _ in range(2)))
    after = await _budget(superuser, usage)
    assert (after["spent_micros"], after["held_micros"]) == (1_010, 7_000)
    late = await scene.settle(held, 3)
    assert code_of(late) == ReasonCode.HOLD_POSTED


async def test_fractions_of_cents_are_posted_within_one_cent_of_their_sum(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    await scene.task()
    real = [(7919 * number) % 1_000 for number in range(1_000)]

    async def call(micros: int) -> None:
        held = await scene.hold_usage(1_000)
        if not held.is_refusal:
            await scene.settle(_id(held), micros)

    for start in range(0, len(real), 250):
        await asyncio.gather(*(call(micros) for micros in real[start : start + 250]))
    exact = sum(real)
    assert exact // 10_000 == await _balance(superuser, 6020)
    assert 0 <= exact - await _balance(superuser, 6020) * 10_000 < 10_000


async def test_no_more_usage_is_posted_than_was_held(scene: Scene) -> None:
    await scene.task()
    held = _id(await scene.hold_usage(5_000))
    assert (await scene.settle(held, 7_000)).json()["settledMicros"] == 5_000


async def test_usage_under_way_when_its_workflow_ends_is_settled_all_the_same(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    await scene.task()
    held = _id(await scene.hold_usage(30_000))
    for purpose in ("Cash", "Usage"):
        budget = workflow_budget_id(scene.workflow, purpose)  # type: ignore[arg-type]
        assert code_of(await scene.end(budget)) == OK
    assert (await _budget(superuser, scene.wallet))["held_micros"] == 30_000
    assert code_of(await scene.hold_usage(1)) == ReasonCode.BUDGET_CLOSED
    await scene.settle(held, 20_000)
    wallet = await _budget(superuser, scene.wallet)
    assert (wallet["held_micros"], wallet["spent_micros"]) == (0, 20_000)


async def test_budgets_that_were_released_can_be_set_aside_again_less_what_was_spent(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    await scene.task()
    await scene.settle(_id(await scene.hold_usage(2_000_000)), 2_000_000)
    under_way = _id(await scene.hold_usage(1_000_000))
    budgets = {each: workflow_budget_id(scene.workflow, each) for each in ("Cash", "Usage")}
    for budget in budgets.values():
        assert code_of(await scene.end(budget)) == OK
        assert code_of(await scene.end(budget)) == ReasonCode.BUDGET_CLOSED

    assert code_of(await scene.budgets(generation=2)) == OK
    assert code_of(await scene.hold_usage(1)) == ReasonCode.BUDGET_CLOSED, "the task's is its own"
    assert code_of(await scene.task()) == OK
    usage = await _budget(superuser, budgets["Usage"])
    assert (usage["state"], usage["ended_at"]) == ("Open", None)
    assert (usage["spent_micros"], usage["held_micros"]) == (2_000_000, 1_000_000)
    wallet = await _budget(superuser, scene.wallet)
    assert wallet["held_micros"] == 500_000_000 + 5_000_000 - 2_000_000
    assert code_of(await scene.hold_usage(2_000_001)) == ReasonCode.BUDGET_EXCEEDED
    await scene.settle(under_way, 400_000)
    assert code_of(await scene.hold_usage(2_600_000)) == OK
    assert code_of(await scene.spend(1)) == ReasonCode.BUDGET_CLOSED, "leave to spend ended"
    assert code_of(await scene.approve()) == ReasonCode.ALREADY_DECIDED


async def test_a_revoked_intent_frees_its_hold_once(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    hold = _id(await scene.spend(4_000))
    await scene.spend(1_000, final=True)
    assert code_of(await scene.void_intent()) == OK
    assert code_of(await scene.void_intent()) == ReasonCode.BUDGET_CLOSED
    assert code_of(await scene.follow(Kind.CAPTURE, hold, 1)) == ReasonCode.HOLD_VOIDED
    assert code_of(await scene.spend(1)) == ReasonCode.INTENT_REVOKED
    cash = await _budget(superuser, workflow_budget_id(scene.workflow, "Cash"))
    assert (cash["held_micros"], cash["spent_micros"]) == (0, 1_000 * 10_000)


async def test_an_intent_is_used_up_when_all_of_it_is_spent(
    scene: Scene, superuser: asyncpg.Connection
) -> None:
    await scene.spend(10_000, final=True)
    assert code_of(await scene.spend(1)) == ReasonCode.INTENT_CONSUMED
    assert (
        await superuser.fetchval(
            "SELECT count(*) FROM record.readable_events "
            "WHERE event_type = 'money.intent.consumed.v1'"
        )
        == 1
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"role": "researcher"}, ReasonCode.ROLE_NOT_ALLOWED),
        ({"task": "research"}, ReasonCode.TASK_NOT_ALLOWED),
        ({"chain": uuid4()}, ReasonCode.UNKNOWN_INTENT),
        ({"budget": uuid4()}, ReasonCode.UNKNOWN_INTENT),
        ({"currency": "EUR"}, ReasonCode.CURRENCY_MISMATCH),
        ({"merchant": "evil"}, ReasonCode.MERCHANT_NOT_ALLOWED),
        ({"category": "0000"}, ReasonCode.CATEGORY_NOT_ALLOWED),
        ({"amount": 100_010_000}, ReasonCode.PER_TRANSACTION_CAP_EXCEEDED),
        ({"objection": ReasonCode.FREEZE_MODE_ACTIVE}, ReasonCode.FREEZE_MODE_ACTIVE),
    ],
)
async def test_what_the_intent_does_not_allow_is_refused_and_recorded(
    scene: Scene, superuser: asyncpg.Connection, changes: dict[str, object], code: ReasonCode
) -> None:
    assert code_of(await scene.spend(1, **changes)) == code
    payload = await superuser.fetchval(
        "SELECT payload ->> 'reasonCode' FROM record.readable_events "
        "WHERE event_type = 'ledger.spend.refused.v1'"
    )
    assert payload == code
    assert (await _budget(superuser, scene.intent))["held_micros"] == 0


async def test_an_intent_whose_window_has_not_begun_allows_nothing(scene: Scene) -> None:
    other = uuid4()
    await scene.approve(other, not_before=datetime.now(UTC) + timedelta(minutes=5))
    assert code_of(await scene.spend(1, budget=other)) == ReasonCode.OUTSIDE_WINDOW


async def test_an_intent_is_approved_once_on_one_set_of_terms(scene: Scene) -> None:
    assert code_of(await scene.approve(cap_cents=20_000)) == ReasonCode.ALREADY_DECIDED


async def test_a_wallet_is_never_overdrawn(scene: Scene) -> None:
    other = Scene(scene.ledger, workflow=uuid4())
    answers = await asyncio.gather(
        *(Scene(scene.ledger, workflow=uuid4()).budgets(cash=20_000, llm=0) for _ in range(5))
    )
    assert sorted(map(code_of, answers)) == [ReasonCode.INSUFFICIENT_FUNDS] * 3 + [OK] * 2
    assert code_of(await other.budgets(cash=9_501, llm=0)) == ReasonCode.INSUFFICIENT_FUNDS
    nobody = Scene(scene.ledger, namespace="team-b")
    assert code_of(await nobody.budgets()) == ReasonCode.INSUFFICIENT_FUNDS


async def test_velocity_counts_over_intents_of_one_merchant(scene: Scene) -> None:
    limit = Velocity(cents=1_000, transactions=3, window_seconds=3600)
    one, other = uuid4(), uuid4()
    for intent in (one, other):
        await scene.approve(intent, velocity=limit, cap_cents=5_000, per_transaction_cents=5_000)
    answers = await asyncio.gather(*(scene.spend(1, budget=one) for _ in range(2)))
    assert {code_of(each) for each in answers} == {OK}
    too_much = await scene.spend(999, budget=other)
    assert code_of(too_much) == ReasonCode.VELOCITY_AMOUNT_EXCEEDED
    answers = await asyncio.gather(*(scene.spend(1, budget=other) for _ in range(2)))
    assert sorted(map(code_of, answers)) == [ReasonCode.VELOCITY_COUNT_EXCEEDED, OK]


async def test_the_day_ends_at_local_midnight(scene: Scene, superuser: asyncpg.Connection) -> None:
    one, other = uuid4(), uuid4()
    for intent in (one, other):
        await scene.approve(
            intent,
            per_day_cents=1_000,
            time_zone="Asia/Tokyo",
            cap_cents=5_000,
            per_transaction_cents=5_000,
        )
    assert code_of(await scene.spend(900, budget=one)) == OK
    refused = await scene.spend(101, budget=other)
    assert code_of(refused) == ReasonCode.DAILY_CAP_EXCEEDED
    start: datetime = await superuser.fetchval("SELECT day_start FROM treasury.days")
    assert (start.hour, start.minute) == (15, 0)


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("America/New_York", "2026-03-08 16:00+00", 23),
        ("America/New_York", "2026-11-01 17:00+00", 25),
        ("Asia/Tokyo", "2026-03-08 03:00+00", 24),
    ],
)
async def test_a_day_has_as_many_hours_as_its_zone_says(
    superuser: asyncpg.Connection, zone: str, noon: str, hours: int
) -> None:
    # As treasury.hold_all finds the day of a hold.
    found = await superuser.fetchval(
        "SELECT extract(epoch FROM date_trunc('day', n + interval '24 hours', $2) "
        "- date_trunc('day', n, $2)) / 3600 FROM (SELECT $1::text::timestamptz AS n) AS noon",
        noon,
        zone,
    )
    assert found == hours
