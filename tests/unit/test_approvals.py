"""Whose word counts: one table, and that neither order nor repetition changes anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from soaking import examples
from venture_core.approvals import Ruling, Target, Verdict, count, target_digest
from venture_crds.v1alpha1.approval import Approval

UID = "6a4c8a10-5b7e-4d0a-9d7e-1f2a3b4c5d6e"
SINCE = datetime(2026, 11, 26, 12, tzinfo=UTC)
DIGEST = target_digest("MoneyIntent", UID, {"capCents": 5})


def approval(user: str = "alice", after: int = 1, **changes: Any) -> Approval:
    spec = {
        "targetRef": {"kind": "MoneyIntent", "name": "ads", "uid": UID},
        "targetDigest": DIGEST,
        "decision": "Approve",
        "approver": {"user": user, "groups": ["founders"]},
    } | changes
    created = (SINCE + timedelta(seconds=after)).isoformat()
    metadata = {"name": f"{user}-{after}", "uid": f"{user}-{after}", "creationTimestamp": created}
    return Approval.model_validate({"metadata": metadata, "spec": spec})


def target(**changes: Any) -> Target:
    fields: dict[str, Any] = {
        "uid": UID,
        "digest": DIGEST,
        "requester": "rita",
        "since": SINCE,
        "quorum": 2,
        "ttl_seconds": 600,
    }
    return Target(**fields | changes)


DENY = {"decision": "Deny"}
OTHER = {"targetRef": {"kind": "MoneyIntent", "name": "ads", "uid": UID.replace("6", "7")}}
TASK = {"targetRef": {"kind": "MoneyIntent", "name": "ads", "uid": UID, "taskName": "t"}}


@pytest.mark.parametrize(
    ("given_", "verdict", "rulings"),
    [
        ([], Verdict.WAITING, []),
        ([approval()], Verdict.WAITING, [Ruling.COUNTED]),
        ([approval(), approval("bob")], Verdict.APPROVED, [Ruling.COUNTED] * 2),
        ([approval(), approval(after=2)], Verdict.WAITING, [Ruling.COUNTED, Ruling.TWICE]),
        ([approval("rita"), approval()], Verdict.WAITING, [Ruling.OWN_REQUEST, Ruling.COUNTED]),
        ([approval("bob", **DENY)], Verdict.DENIED, [Ruling.COUNTED]),
        ([approval(), approval(after=2, **DENY)], Verdict.DENIED, [Ruling.COUNTED] * 2),
        (
            [approval(), approval("bob", 2), approval("eve", 3, **DENY)],
            Verdict.APPROVED,
            [Ruling.COUNTED, Ruling.COUNTED, Ruling.DECIDED],
        ),
        ([approval("system:serviceaccount:a:b")], Verdict.WAITING, [Ruling.NO_PERSON]),
        ([approval(approver=None)], Verdict.WAITING, [Ruling.NO_PERSON]),
        ([approval(**OTHER)], Verdict.WAITING, [Ruling.OTHER_TARGET]),
        ([approval(**TASK)], Verdict.WAITING, [Ruling.OTHER_TARGET]),
        ([approval(targetDigest="sha256:" + "0" * 64)], Verdict.WAITING, [Ruling.CHANGED]),
        ([approval(approver={"user": "bob"})], Verdict.WAITING, [Ruling.NOT_ASKED]),
        ([approval(after=600)], Verdict.WAITING, [Ruling.LATE]),
    ],
)
def test_whose_word_counts(given_: list[Approval], verdict: Verdict, rulings: list[Ruling]) -> None:
    asked = target(groups=frozenset({"founders"}))
    standing = count(given_, asked, SINCE + timedelta(seconds=10))
    assert standing.verdict is verdict
    assert [standing.rulings[each.metadata.uid] for each in given_] == rulings


def test_silence_is_a_denial() -> None:
    one = [approval()]
    assert count(one, target(), SINCE + timedelta(seconds=599)).verdict is Verdict.WAITING
    assert count(one, target(), SINCE + timedelta(seconds=600)).verdict is Verdict.EXPIRED


def test_a_digest_is_of_what_is_approved_and_not_of_how_it_is_controlled() -> None:
    spec = {"capCents": 5, "suspend": True, "retry": "2", "shutdown": "Stop", "revoke": False}
    assert target_digest("MoneyIntent", UID, spec) == DIGEST
    assert target_digest("MoneyIntent", UID, spec | {"capCents": 6}) != DIGEST
    assert target_digest("Workflow", UID, spec) != DIGEST
    assert target_digest("MoneyIntent", UID, spec, {}) != DIGEST
    assert target_digest("MoneyIntent", UID, spec, occasion="again") != DIGEST


PEOPLE = st.sampled_from(["alice", "bob", "carol", "rita"])
WORDS = st.lists(
    st.builds(
        lambda user, after, deny: approval(user, after, **(DENY if deny else {})),
        PEOPLE,
        st.integers(0, 700),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda each: each.metadata.uid,
)


@given(WORDS, st.integers(1, 3), st.randoms())
@hypothesis_settings(max_examples=examples(200), deadline=None)
def test_order_and_further_words_of_the_same_people_change_nothing(
    words: list[Approval], quorum: int, random: Any
) -> None:
    asked, now = target(quorum=quorum), SINCE + timedelta(seconds=300)
    standing = count(words, asked, now)
    shuffled = random.sample(words, len(words))
    assert count(shuffled, asked, now) == standing
    assert len({*standing.by}) == standing.granted <= quorum
    assert "rita" not in standing.by
    if standing.verdict is Verdict.APPROVED:
        assert standing.granted == quorum
