"""What the webhook holds against a word on what waits for people, and what it leaves open."""

from __future__ import annotations

from typing import Any

import pytest
from venture_core.kubernetes.resources import MONEY_INTENTS, WORKFLOWS
from venture_webhooks import targets
from venture_webhooks.targets import Targets, all_targets

type Body = dict[str, Any]

UID = "6622053a-5ec9-49b4-bf2a-069588e7037f"
ONE, TWO = (f"sha256:{each * 64}" for each in "12")


def workflow(digest: str | None, *by: str, uid: str = UID) -> Body:
    """A workflow of alice that asks finance; None: it asks nobody any more."""
    review: Body = {"name": "review", "phase": "Succeeded"}
    if digest is not None:
        approvals = {"required": 2, "granted": len(by), "by": [*by]}
        review |= {"phase": "Running", "reason": "AwaitingApproval"}
        review |= {"targetDigest": digest, "approvals": approvals}
    question = {"message": "Look", "approvers": {"groups": ["finance"]}}
    return {
        "metadata": {"namespace": "team", "name": "launch", "uid": uid},
        "spec": {
            "requester": {"user": "alice"},
            "tasks": [{"name": "review", "approval": question}],
        },
        "status": {"tasks": [review]},
    }


def word(digest: str = ONE, decision: str = "Approve", **reference: Any) -> Body:
    target = {"kind": "Workflow", "name": "launch", "uid": UID, "taskName": "review"}
    return {"targetRef": target | reference, "targetDigest": digest, "decision": decision}


def ruling(known: Targets, user: str = "carol", *groups: str, **said: Any) -> str:
    return known.ruling("team", word(**said), user, groups or ("finance",))


@pytest.fixture
def known() -> Targets:
    found = Targets(WORKFLOWS)
    found.put(workflow(ONE, "bob"))
    return found


def test_whoever_asked_is_not_asked_or_said_it_before_is_told_so(known: Targets) -> None:
    assert ruling(known) == ""
    assert ruling(known, "alice") == "alice asked for it, and nobody's own word counts"
    assert ruling(known, "alice", decision="Deny").startswith("alice asked for it")
    assert ruling(known, "carol", "founders").endswith("groups that are asked: finance")
    assert ruling(known, "bob") == "bob approved it before, and one person counts once"
    assert ruling(known, "bob", decision="Deny") == ""


def test_what_was_seen_and_replaced_has_changed_and_what_was_never_seen_may_come(
    known: Targets,
) -> None:
    assert ruling(known, digest=TWO) == ""
    known.put(workflow(TWO))
    assert "has changed since" in ruling(known, digest=ONE)
    assert ruling(known, digest=TWO) == ""
    # Nobody approved the new one yet.
    assert ruling(known, "bob", digest=TWO) == ""
    known.put(workflow(None))
    for digest in (ONE, TWO):
        assert "does not wait any more" in ruling(known, digest=digest)
    for number in range(2 * targets.MAX_PAST):
        known.put(workflow(f"sha256:{number:064}"))
    assert ruling(known, digest=ONE) == ""


def test_a_uid_is_of_one_object_alone(known: Targets) -> None:
    no_object = "no object of that kind and name has that uid"
    assert ruling(known, name="other") == no_object
    assert known.ruling("elsewhere", word(), "carol", ("finance",)) == no_object
    assert ruling(known, kind="MoneyIntent") == no_object
    for unknown in ({"uid": UID.replace("6", "7")}, {"taskName": "pay"}):
        assert ruling(known, "alice", **unknown) == ""


def test_what_is_gone_is_unknown_and_what_never_waited_is_not_remembered(
    known: Targets, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.retain({UID})
    assert ruling(known, "alice")
    known.retain(set())
    assert ruling(known, "alice") == ""
    known.put(workflow(None))
    assert not known._known
    known.put(workflow(ONE))
    known.remove(UID)
    known.remove(UID)
    assert not known._known
    monkeypatch.setattr(targets, "MAX_OBJECTS", 2)
    for number in range(4):
        known.put(workflow(ONE, uid=str(number)))
    assert [*known._known] == ["2", "3"]


def test_an_intent_waits_as_a_whole() -> None:
    known = all_targets()["MoneyIntent"]
    assert known.resource is MONEY_INTENTS
    intent = {
        "metadata": {"namespace": "team", "name": "ads", "uid": UID},
        "spec": {"requester": {"user": "alice"}, "capCents": 5, "currency": "USD"},
        "status": {"phase": "AwaitingApproval", "targetDigest": ONE},
    }
    known.put(intent)
    said = word(kind="MoneyIntent", name="ads")
    del said["targetRef"]["taskName"]
    assert known.ruling("team", said, "carol", ()) == ""
    assert known.ruling("team", said, "alice", ()).startswith("alice asked for it")
    assert known.ruling("team", said, "system:node:x", ()) == "system:node:x is no person"
    known.put(intent | {"status": {"phase": "Approved"}})
    assert "does not wait any more" in known.ruling("team", said, "carol", ())
