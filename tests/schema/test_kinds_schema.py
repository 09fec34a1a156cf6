"""Every constraint of the kinds below: its edge is taken, what lies past it is not.

Lengths and amounts are tried by the schema's own numbers; rules by values written here.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from policybundles import manifest
from surroundings import REPOSITORY
from venture_core.artifacts.gates import GATE_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

UID: Final = "6a4c8a10-5b7e-4d0a-9d7e-1f2a3b4c5d6e"
HASH: Final = "sha256:" + "0" * 64
PERSON: Final = {"user": "alice", "groups": ["founders"]}

type Json = dict[str, Any]


def full_bundle() -> Json:
    body = manifest(state="Draft")
    rule = body["spec"]["rules"][0]
    rule |= {"quorum": 1, "ttlSeconds": 600}
    body["spec"]["money"]["approvals"][0] |= {"ttlSeconds": 600}
    gates = dict.fromkeys(GATE_NAMES, True)
    body["spec"]["artifacts"]["gates"] = gates
    body["spec"]["signature"] = {"keyId": "k", "value": "A" * 86 + "=="}
    return body


MONEY: Final = {
    "role": "buyer",
    "purpose": "Ads",
    "currency": "USD",
    "capCents": 10**12,
    "perTransactionCents": 1,
    "merchant": {"id": "acme-ads"},
    "categories": ["7311"],
    "window": {"notBefore": "2026-11-26T12:00:00Z", "notAfter": "2026-11-27T12:00:00Z"},
    "ttlSeconds": 600,
    "evidenceSha256": "0" * 64,
}
BUNDLE: Final = {"name": "default", "hash": HASH}
OBJECT: Final = {"key": "ir/one.json", "sha256": "0" * 64}
SCRIPT: Final = {"name": "script", "key": "script.json"}


def artifact(name: str, source: Json) -> Json:
    gates = dict.fromkeys(("contrast", "altText", "overflow", "emptySlides"), True)
    return {
        "name": name,
        "artifact": {
            "policyBundleRef": BUNDLE,
            "target": "Pptx",
            "source": source,
            "theme": {"configMapRef": SCRIPT},
            "assets": [{"name": "logo", "objectRef": OBJECT}],
            "gates": gates,
        },
    }


def full_workflow() -> Json:
    agent = {
        "role": "researcher",
        "level": "L3",
        "model": {"provider": "Scripted", "name": "scripted", "script": SCRIPT},
        "instructions": "Look.",
        "tools": ["web.fetch"],
        "maxTurns": 3,
        "maxTokens": 100,
        "llmCents": 1,
        "outputSchema": {"type": "object"},
    }
    review = {
        "quorum": 1,
        "approvers": {"groups": ["founders"]},
        "ttlSeconds": 600,
        "message": "Is it right?",
    }
    first = {"dependsOn": ["review"], "retries": {"limit": 1}, "timeoutSeconds": 60}
    return {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "one"},
        "spec": {
            "objective": "Launch",
            "policyBundleRef": BUNDLE,
            "requester": PERSON,
            "budget": {"currency": "USD", "cashCents": 5, "llmCents": 5},
            "parallelism": 2,
            "deadlineSeconds": 600,
            "suspend": True,
            "shutdown": "Stop",
            "retry": "once",
            "ttlSecondsAfterFinished": 60,
            "inputs": [{"name": "what", "value": "it"}],
            "tasks": [
                {"name": "research", **first, "agent": agent},
                artifact("deck", {"inline": {"kind": "SlideSpec"}}),
                artifact("paper", {"configMapRef": SCRIPT}),
                artifact("copy", {"objectRef": OBJECT}),
                {"name": "review", "approval": review},
                {"name": "pay", "money": MONEY},
            ],
        },
    }


FULL: Final[dict[str, Json]] = {
    "workflows": full_workflow(),
    "moneyintents": {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "MoneyIntent",
        "metadata": {"name": "one"},
        "spec": MONEY
        | {
            "policyBundleRef": BUNDLE,
            "workflowRef": {"name": "launch", "tasks": ["place"]},
            "requester": PERSON,
            "revoke": False,
        },
    },
    "policybundles": full_bundle(),
    "approvals": {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "Approval",
        "metadata": {"name": "one"},
        "spec": {
            "targetRef": {"kind": "Workflow", "name": "launch", "uid": UID, "taskName": "review"},
            "targetDigest": HASH,
            "decision": "Approve",
            "comment": "yes",
            "approver": PERSON,
        },
    },
    "freezes": {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "Freeze",
        "metadata": {"name": "one"},
        "spec": {"scope": {"namespace": "team"}, "mode": "Kill", "reason": "r" * 20},
    },
}

BREAKS: Final = {
    "must be a semantic version: major.minor.patch": "1.0",
    "must be a tool's name: lowercase words joined by dots, as web.fetch": "fetch",
    "must consist of lowercase letters, digits and '-', and start and end with a letter "
    "or digit": "Upper",
    "must be 'sha256:' and 64 lowercase hexadecimal digits": "sha1:0",
    "must be a currency's ISO 4217 code: three capital letters": "usd",
    "must be a merchant category code: four digits": "73",
    "must be a merchant's name: lowercase letters, digits, '-', '.' and '_', starting and "
    "ending with a letter or digit": "-acme",
    "must be an Ed25519 signature in base64": "abc",
    "must be the name of a Kubernetes object: lowercase letters, digits, '-' and '.', "
    "starting and ending with a letter or digit": "A b",
    "must set exactly one of namespace and all": {"namespace": "team", "all": True},
    "must be the name of a tool: lowercase words joined by dots": "Fetch",
    "must be a merchant's name: lowercase letters, digits, '.', '_' and '-', starting with a "
    "letter or digit": "-acme",
    "must be a key of a ConfigMap: letters, digits, '-', '_' and '.'": "a/b",
    "must be a plain object key: no '/' at either end, no empty part, no '.' or '..' as a "
    "part": "/a",
    "must be a SHA-256 digest: 64 lowercase hexadecimal digits": "A" * 64,
    "must set exactly one of inline, configMapRef and objectRef": {
        "configMapRef": SCRIPT,
        "objectRef": OBJECT,
    },
    "must set exactly one of agent, artifact, approval and money": {"name": "research"},
    "each name in dependsOn must be that of another task": [
        {"name": "a", "dependsOn": ["a"], "approval": {}}
    ],
    "script is for the provider Scripted, which needs it, and for no other": {
        "provider": "Scripted",
        "name": "scripted",
    },
    "perTransactionCents is no more than capCents": MONEY
    | {"capCents": 1, "perTransactionCents": 2},
}
"""For each rule, by its message, a value that breaks it."""
CHANGES: Final = ("cannot", "never changes", "stays so", "can only be raised")
"""Words of rules about changes: they have tests of their own."""


def at(body: Json, path: str) -> tuple[Any, Any]:
    """Return what holds the field of a path, and its name there."""
    return _at(body, path.replace("[]", ".[]").split("."))


def _at(node: Any, steps: list[str]) -> tuple[Any, Any]:
    """Of a list take the first item that has what the path leads to, or else the first."""
    step, *more = steps
    if step != "[]":
        return _at(node.get(step, {}), more) if more else (node, step)
    if not more:
        return node, 0
    found = [_at(item, more) for item in node]
    there = (each for each in found if isinstance(each[0], list) or each[1] in each[0])
    return next(there, found[0] if found else ({}, step))


def changed(body: Json, path: str, value: Any) -> Json:
    copy = deepcopy(body)
    node, name = at(copy, path)
    if value is None:
        del node[name]
    else:
        node[name] = value
    return copy


def items(item: Any, count: int) -> list[Any]:
    """Return items that differ in whatever could be their key."""
    if not isinstance(item, dict):
        return [f"{item}{number}" for number in range(count)]
    key = next(name for name in ("name", "id", "provider", "aboveCents") if name in item)
    start = item[key] if isinstance(item[key], int) else None
    return [
        item | {key: f"x{number}" if start is None else start + number} for number in range(count)
    ]


def edge(constraint: str, schema: Json, now: Any) -> tuple[Any, Any, str] | None:
    """Return what is taken, what is not, and what is said; None for what has a test of its own."""
    if constraint == "required":
        return now, None, "Required value"
    limit = schema.get(constraint)
    if limit is not None:
        free = not schema.keys() & {"x-kubernetes-validations", "format"}
        edges: dict[str, Callable[[], tuple[Any, Any, str]]] = {
            "enum": lambda: (limit[-1], "Other", "supported values"),
            "minimum": lambda: (limit, limit - 1, "greater than or equal to"),
            "maximum": lambda: (limit, limit + 1, "less than or equal to"),
            "maxLength": lambda: ("x" * limit if free else now, "x" * (limit + 1), "more than"),
            "minLength": lambda: (now, now[: limit - 1], f"at least {limit} chars long"),
            "minItems": lambda: (now, [], f"at least {limit} items"),
            "maxProperties": lambda: (
                now,
                {f"x{number}": "x" for number in range(limit + 1)},
                f"{limit} items",
            ),
            "maxItems": lambda: (now, items(now[0], limit + 1), f"{limit} items"),
        }
        return edges[constraint]()
    if constraint.startswith("unique "):
        return now, [now[0], now[0]], "Duplicate value"
    if any(words in constraint for words in (*CHANGES, "at most 63 characters")):
        return None
    return now, BREAKS[constraint], constraint


async def refused(api: Any, path: str, body: Json) -> list[Json]:
    causes: list[Json] = await api.refusal(
        api.call("POST", path, body, dryRun="All", fieldValidation="Strict")
    )
    return causes


@pytest.mark.parametrize("plural", FULL)
async def test_every_constraint_takes_its_edge_and_refuses_what_lies_past_it(
    api: Any, constraints: Any, plural: str, subtests: pytest.Subtests
) -> None:
    crd = yaml.safe_load((REPOSITORY / f"crds/manifests/{plural}.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    place = "" if plural == "freezes" else f"/namespaces/{api.namespace}"
    path = f"/apis/venture.parpour.dev/v1alpha1{place}/{plural}"
    tried = 0
    for field, constraint, node in constraints(schema, "spec"):
        holder, name = at(FULL[plural], field) if field != "spec" else (FULL[plural], "spec")
        if isinstance(holder, dict) and name not in holder:
            # Of an alternative the other member is there.
            assert field == "spec.scope.all", field
            continue
        found = edge(constraint, node, holder[name])
        if found is None:
            continue
        good, bad, says = found
        with subtests.test(f"{field} {constraint}"):
            await api.call(
                "POST",
                path,
                changed(FULL[plural], field, good),
                dryRun="All",
                fieldValidation="Strict",
            )
            causes = await refused(api, path, changed(FULL[plural], field, bad))
            assert any(says in cause["message"] for cause in causes), causes
        tried += 1
    least = {
        "workflows": 150,
        "moneyintents": 45,
        "policybundles": 90,
        "approvals": 15,
        "freezes": 6,
    }
    assert tried >= least[plural]


@pytest.mark.parametrize("plural", FULL)
async def test_a_name_that_no_label_can_hold_is_refused(api: Any, plural: str) -> None:
    place = "" if plural == "freezes" else f"/namespaces/{api.namespace}"
    path = f"/apis/venture.parpour.dev/v1alpha1{place}/{plural}"
    causes = await refused(api, path, changed(FULL[plural], "metadata.name", "n" * 64))
    assert "can have at most 63 characters" in causes[0]["message"]


async def test_a_published_bundle_never_changes(api: Any) -> None:
    path = f"/apis/venture.parpour.dev/v1alpha1/namespaces/{api.namespace}/policybundles"
    await api.call("POST", path, FULL["policybundles"])

    async def patch(spec: Json) -> Json:
        return await api.call(
            "PATCH",
            f"{path}/default",
            {"spec": spec},
            content_type="application/merge-patch+json",
        )

    await patch({"version": "1.0.1"})
    await patch({"state": "Published"})
    changes: dict[str, Any] = {
        "version": "1.0.2",
        "defaults": None,
        "roles": [],
        "rules": [],
        "money": None,
        "artifacts": None,
        "signature": None,
    }
    for name, value in changes.items():
        causes = await api.refusal(patch({name: value}))
        assert f"{name} cannot change once the bundle is published" in causes[0]["message"], name
    causes = await api.refusal(patch({"state": "Draft"}))
    assert "cannot become a draft again" in causes[0]["message"]
    await patch({"state": "Deprecated"})
    causes = await api.refusal(patch({"state": "Published"}))
    assert "a deprecated bundle stays so" in causes[0]["message"]


async def test_a_freeze_never_changes(api: Any) -> None:
    path = "/apis/venture.parpour.dev/v1alpha1/freezes"
    name = api.namespace
    await api.call("POST", path, changed(FULL["freezes"], "metadata.name", name))
    causes = await api.refusal(
        api.call(
            "PATCH",
            f"{path}/{name}",
            {"spec": {"mode": "Freeze"}},
            content_type="application/merge-patch+json",
        )
    )
    assert "a Freeze never changes" in causes[0]["message"]
    await api.call("DELETE", f"{path}/{name}")


class Stored:
    """An object of a kind, and changes of its spec."""

    def __init__(self, api: Any, plural: str) -> None:
        self._api = api
        self._path = f"/apis/venture.parpour.dev/v1alpha1/namespaces/{api.namespace}/{plural}"

    async def create(self, body: Json) -> None:
        await self._api.call("POST", self._path, body)

    async def patch(self, **spec: Any) -> None:
        await self._api.call(
            "PATCH",
            f"{self._path}/one",
            {"spec": spec},
            content_type="application/merge-patch+json",
        )

    async def refusal(self, **spec: Any) -> str:
        """Return what is said against a change."""
        causes = await self._api.refusal(self.patch(**spec))
        return str(causes[0]["message"])


OTHERS: Final[dict[str, Json]] = {
    "workflows": {
        "objective": "Other",
        "policyBundleRef": None,
        "requester": {"user": "bob"},
        "parallelism": 3,
        "deadlineSeconds": 601,
        "inputs": [],
        "tasks": [{"name": "a", "approval": {}}],
    },
    "moneyintents": {
        "role": "other",
        "purpose": "Other",
        "currency": "EUR",
        "capCents": 10**12 - 1,
        "perTransactionCents": 2,
        "merchant": {"id": "other"},
        "categories": ["7312"],
        "window": None,
        "ttlSeconds": 601,
        "evidenceSha256": "1" * 64,
        "policyBundleRef": None,
        "workflowRef": None,
        "requester": {"user": "bob"},
    },
}
"""Fields that never change, each with another value."""


@pytest.mark.parametrize("plural", OTHERS)
async def test_what_was_asked_for_never_changes(api: Any, plural: str) -> None:
    stored = Stored(api, plural)
    await stored.create(FULL[plural])
    for name, value in OTHERS[plural].items():
        said = await stored.refusal(**{name: value})
        assert f"{name} cannot change after creation" in said, said


async def test_a_budget_is_only_raised_and_work_is_controlled(api: Any) -> None:
    stored = Stored(api, "workflows")
    await stored.create(FULL["workflows"])
    await stored.patch(
        suspend=False,
        shutdown=None,
        retry="twice",
        ttlSecondsAfterFinished=61,
        budget={"cashCents": 6, "llmCents": 6},
    )
    assert "currency cannot change" in await stored.refusal(budget={"currency": "EUR"})
    for name in ("cashCents", "llmCents"):
        assert f"{name} can only be raised" in await stored.refusal(budget={name: 5})
    assert "the budget cannot be taken away" in await stored.refusal(budget=None)


async def test_what_was_revoked_stays_so(api: Any) -> None:
    stored = Stored(api, "moneyintents")
    await stored.create(FULL["moneyintents"])
    await stored.patch(revoke=True)
    assert "what was revoked stays so" in await stored.refusal(revoke=False)
