"""Every constraint of PolicyBundle, Approval and Freeze: its edge is taken, what lies past it not.

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


FULL: Final[dict[str, Json]] = {
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
}
"""For each rule, by its message, a value that breaks it."""
CHANGES: Final = ("cannot", "never changes", "stays so")
"""Words of rules about changes: they have tests of their own."""


def at(body: Json, path: str) -> tuple[Any, Any]:
    """Return what holds the field of a path, and its name there."""
    steps: list[Any] = [int(s) if s.isdigit() else s for s in path.replace("[]", ".0").split(".")]
    node: Any = body
    for step in steps[:-1]:
        node = node[step]
    return node, steps[-1]


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
        free = "x-kubernetes-validations" not in schema
        edges: dict[str, Callable[[], tuple[Any, Any, str]]] = {
            "enum": lambda: (limit[-1], "Other", "supported values"),
            "minimum": lambda: (limit, limit - 1, "greater than or equal to"),
            "maximum": lambda: (limit, limit + 1, "less than or equal to"),
            "maxLength": lambda: ("x" * limit if free else now, "x" * (limit + 1), "more than"),
            "minLength": lambda: (now, now[: limit - 1], f"at least {limit} chars long"),
            "minItems": lambda: (now, [], f"at least {limit} items"),
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
            assert field in {"spec.scope.all"}, field
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
    assert tried >= {"policybundles": 90, "approvals": 15, "freezes": 6}[plural]


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
