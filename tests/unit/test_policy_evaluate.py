"""Judging: lists and rules, the stricter of two bundles, and that nothing is allowed unasked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from policybundles import STARTER, bundle
from soaking import examples
from venture_core.policy.compile import compile_bundle
from venture_core.policy.decision import STRICTNESS, Action, ReasonCode
from venture_core.policy.evaluate import evaluate
from venture_core.policy.request import Connection, ModelCall, ObjectRequest, Spend, ToolCall
from venture_core.policy.snapshot import combine
from venture_crds.v1alpha1.policybundle import Governed, Provider

if TYPE_CHECKING:
    from venture_core.policy.request import Request

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 26, 3, tzinfo=UTC)
INTENT: dict[str, Any] = {
    "role": "researcher",
    "currency": "USD",
    "capCents": 5000,
    "perTransactionCents": 2500,
    "merchant": {"id": "acme-ads"},
    "categories": ["7311"],
}


def call(tool: str = "web.fetch", role: str = "researcher", **arguments: Any) -> ToolCall:
    return ToolCall(namespace="team", role=role, now=NOON, tool=tool, arguments=arguments)


def model(name: str, provider: Provider = Provider.ANTHROPIC) -> ModelCall:
    return ModelCall(namespace="team", role="researcher", now=NOON, provider=provider, model=name)


def connection(host: str, port: int = 443, role: str = "researcher") -> Connection:
    return Connection(namespace="team", role=role, now=NOON, host=host, port=port)


def spend(**changes: Any) -> Spend:
    fields: dict[str, Any] = {
        "namespace": "team",
        "role": "researcher",
        "now": NOON,
        "merchant": "acme-ads",
        "category": "7311",
        "currency": "USD",
        "cents": 5000,
    }
    return Spend(**fields | changes)


def thing(kind: Governed, spec: dict[str, Any], now: datetime = NOON) -> ObjectRequest:
    return ObjectRequest(kind=kind, namespace="team", name="x", spec=spec, now=now)


def intent(now: datetime = NOON, **changes: Any) -> ObjectRequest:
    return thing(Governed.MONEY_INTENT, INTENT | changes, now)


def workflow(*tasks: dict[str, Any]) -> ObjectRequest:
    return thing(Governed.WORKFLOW, {"tasks": list(tasks)})


def agent(**changes: Any) -> dict[str, Any]:
    fields = {
        "role": "researcher",
        "tools": ["web.fetch"],
        "model": {"provider": "Anthropic", "name": "claude-x"},
    }
    return {"name": "a", "agent": fields | changes}


A, D, R = Action.ALLOW, Action.DENY, Action.REQUIRE_APPROVAL
CODE = ReasonCode
TABLE: list[tuple[Request, Action, str, ReasonCode]] = [
    (call(url="https://example.com/a"), A, "roles/researcher/tools/web.fetch", CODE.WITHIN_POLICY),
    (
        call(url="http://example.com/a"),
        D,
        "roles/researcher/tools/web.fetch/when",
        CODE.ARGUMENTS_NOT_ALLOWED,
    ),
    (
        call(url="https://evil.com/"),
        D,
        "roles/researcher/tools/web.fetch/domains",
        CODE.DOMAIN_NOT_ALLOWLISTED,
    ),
    (
        call(url="https://example.com@evil.com/"),
        D,
        "roles/researcher/tools/web.fetch/domains",
        CODE.DOMAIN_NOT_ALLOWLISTED,
    ),
    (call(), D, "roles/researcher/tools/web.fetch/when", CODE.EVALUATION_ERROR),
    (call(url=7), D, "roles/researcher/tools/web.fetch/when", CODE.EVALUATION_ERROR),
    (call("money.authorize"), D, "default", CODE.NOT_IN_ALLOWLIST),
    (call(role="ghost", url="https://example.com"), D, "roles", CODE.UNKNOWN_ROLE),
    (model("claude-sonnet"), A, "roles/researcher/models", CODE.WITHIN_POLICY),
    (model("gpt-9"), D, "default", CODE.MODEL_NOT_ALLOWED),
    (model("claude-sonnet", Provider.OPENAI), D, "default", CODE.MODEL_NOT_ALLOWED),
    (
        connection("en.wikipedia.org"),
        A,
        "roles/researcher/tools/web.fetch/domains",
        CODE.WITHIN_POLICY,
    ),
    (connection("wikipedia.org"), D, "default", CODE.DOMAIN_NOT_ALLOWLISTED),
    (connection("example.com", 22), D, "default", CODE.DOMAIN_NOT_ALLOWLISTED),
    (connection("example.com", role="ghost"), D, "roles", CODE.UNKNOWN_ROLE),
    (
        thing(Governed.ARTIFACT_BUILD, {"target": "Pptx"}),
        A,
        "artifacts/targets",
        CODE.WITHIN_POLICY,
    ),
    (thing(Governed.ARTIFACT_BUILD, {"target": "Docx"}), D, "default", CODE.TARGET_NOT_ALLOWED),
    (
        thing(Governed.ARTIFACT_BUILD, {"target": "Pptx", "gates": {"contrast": False}}),
        D,
        "artifacts/gates/contrast",
        CODE.GATE_REQUIRED,
    ),
    (intent(), A, "money/merchants/acme-ads", CODE.WITHIN_POLICY),
    (intent(capCents=10_001), R, "money/approvals/10000", CODE.APPROVAL_THRESHOLD),
    (intent(capCents=200_000), D, "money/perWorkflowCents", CODE.WORKFLOW_CAP_EXCEEDED),
    (intent(capCents="1"), D, "money/perWorkflowCents", CODE.WORKFLOW_CAP_EXCEEDED),
    (intent(currency="EUR"), D, "money/currencies", CODE.CURRENCY_NOT_ALLOWED),
    (intent(merchant={"id": "evil"}), D, "money/merchants", CODE.MERCHANT_NOT_ALLOWED),
    (
        intent(categories=["7311", "6011"]),
        D,
        "money/merchants/acme-ads/categories",
        CODE.CATEGORY_NOT_ALLOWED,
    ),
    (intent(categories=[]), D, "money/merchants/acme-ads/categories", CODE.CATEGORY_NOT_ALLOWED),
    (
        intent(perTransactionCents=5001),
        D,
        "money/merchants/acme-ads/perTransactionCents",
        CODE.TRANSACTION_CAP_EXCEEDED,
    ),
    (intent(role="ghost"), D, "roles", CODE.UNKNOWN_ROLE),
    (intent(NIGHT), R, "no-night-spend", CODE.RULE_REQUIRES_APPROVAL),
    (spend(), A, "money/merchants/acme-ads", CODE.WITHIN_POLICY),
    (
        spend(cents=5001),
        D,
        "money/merchants/acme-ads/perTransactionCents",
        CODE.TRANSACTION_CAP_EXCEEDED,
    ),
    (
        spend(category="6011"),
        D,
        "money/merchants/acme-ads/categories",
        CODE.CATEGORY_NOT_ALLOWED,
    ),
    (workflow(agent()), A, "roles", CODE.WITHIN_POLICY),
    (workflow(agent(role="ghost")), D, "roles", CODE.UNKNOWN_ROLE),
    (
        workflow(agent(tools=["money.authorize"])),
        D,
        "roles/researcher/tools",
        CODE.NOT_IN_ALLOWLIST,
    ),
    (
        workflow(agent(model={"provider": "OpenAI", "name": "gpt"})),
        D,
        "roles/researcher/models",
        CODE.MODEL_NOT_ALLOWED,
    ),
    (
        workflow({"name": "d", "artifact": {"target": "Docx"}}),
        D,
        "artifacts/targets",
        CODE.TARGET_NOT_ALLOWED,
    ),
    (
        workflow({"name": "p", "money": INTENT | {"currency": "EUR"}}),
        D,
        "money/currencies",
        CODE.CURRENCY_NOT_ALLOWED,
    ),
    (
        workflow({"name": "p", "money": INTENT | {"capCents": 20_000}}),
        A,
        "roles",
        CODE.WITHIN_POLICY,
    ),
]


@pytest.mark.parametrize(
    ("request_", "action", "rule", "code"), TABLE, ids=[str(at) for at in range(len(TABLE))]
)
def test_a_decision_names_rule_reason_and_bundle(
    request_: Request, action: Action, rule: str, code: ReasonCode
) -> None:
    snapshot = compile_bundle(STARTER)
    decision = evaluate(snapshot, request_)
    assert (decision.action, decision.rule, decision.reason_code) == (action, rule, code)
    assert decision.bundle_hash == snapshot.hash
    assert decision.message


def test_without_a_bundle_nothing_is_allowed() -> None:
    decision = evaluate(None, call(url="https://example.com"))
    assert (decision.action, decision.reason_code) == (D, CODE.NO_BUNDLE)


def test_all_that_stands_against_a_request_is_told() -> None:
    decision = evaluate(
        compile_bundle(STARTER),
        intent(currency="EUR", capCents=200_000, perTransactionCents=9000),
    )
    assert {each.reason_code for each in decision.denials} == {
        CODE.CURRENCY_NOT_ALLOWED,
        CODE.WORKFLOW_CAP_EXCEEDED,
        CODE.TRANSACTION_CAP_EXCEEDED,
    }


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("args.missing == 1", "missing"),
        ("args.text", "not a boolean"),
        ("args.text > 1", "another type"),
        ("args.big * args.big > 1", "overflows"),
        ("1 / args.zero > 0", "divides by zero"),
        ("int(args.text) == 1", "it fails"),
    ],
)
@pytest.mark.parametrize("action", ["Allow", "Deny", "RequireApproval", "Alert"])
def test_what_cannot_be_evaluated_denies_whatever_the_rule_does(
    when: str, why: str, action: str
) -> None:
    if action == "RequireApproval":
        when = when.replace("args.", "spec.")
        kind, asked = "MoneyIntent", intent(text="false", big=2**62, zero=0)
    else:
        kind, asked = "ToolCall", call("any.tool", text="false", big=2**62, zero=0)
    rule = {"id": "odd", "appliesTo": [kind], "when": when, "action": action, "message": "m"}
    decision = evaluate(compile_bundle(bundle(rules=[*STARTER["rules"], rule])), asked)
    assert (decision.action, decision.rule) == (D, "odd")
    assert decision.reason_code is CODE.EVALUATION_ERROR
    assert why in decision.message
    assert "could not be evaluated" in decision.message
    assert "false" not in decision.message


@pytest.mark.parametrize(
    "arguments",
    [
        {"list": list(range(30_000))},
        {"text": "x" * 300_000},
        {"number": 2**63},
        {"deep": __import__("functools").reduce(lambda inner, _: [inner], range(40), 1)},
    ],
    ids=["values", "text", "integer", "depth"],
)
def test_what_is_too_large_to_judge_is_denied(arguments: dict[str, Any]) -> None:
    everything = {"id": "all", "appliesTo": ["ToolCall"], "action": "Allow", "message": "m"}
    decision = evaluate(compile_bundle(bundle(rules=[everything])), call("any.tool", **arguments))
    assert (decision.action, decision.reason_code) == (D, CODE.REQUEST_TOO_LARGE)


def test_a_rule_may_allow_what_no_list_mentions_and_lifts_no_denial() -> None:
    everything = {"id": "all", "appliesTo": ["ToolCall"], "action": "Allow", "message": "m"}
    snapshot = compile_bundle(bundle(rules=[everything]))
    assert evaluate(snapshot, call("io.read")).rule == "all"
    assert evaluate(snapshot, call(url="https://evil.com")).action is D


def test_the_largest_quorum_and_the_shortest_time_count() -> None:
    rules = [
        {
            "id": f"ask-{quorum}",
            "appliesTo": ["MoneyIntent"],
            "action": "RequireApproval",
            "message": "m",
            "quorum": quorum,
            "ttlSeconds": ttl,
        }
        for quorum, ttl in ((2, 600), (3, 3600))
    ]
    decision = evaluate(compile_bundle(bundle(rules=rules)), intent())
    assert (decision.action, decision.quorum, decision.ttl_seconds) == (R, 3, 600)


def test_an_alert_is_told_and_decides_nothing() -> None:
    rule = {"id": "look", "appliesTo": ["ToolCall"], "action": "Alert", "message": "odd"}
    snapshot = compile_bundle(bundle(rules=[rule]))
    decision = evaluate(snapshot, call(url="https://example.com"))
    assert decision.allowed
    assert [each.rule for each in decision.alerts] == ["look"]


def test_the_stricter_of_two_bundles_decides() -> None:
    narrow = bundle(rules=[])
    narrow["roles"][0]["tools"][0]["domains"] = ["example.com"]
    baseline, own = compile_bundle(narrow), compile_bundle(STARTER)
    both = combine(baseline, own)
    assert both is not None
    assert (both.hash, both.baseline_hash) == (own.hash, baseline.hash)
    decision = evaluate(both, connection("en.wikipedia.org"))
    assert (decision.action, decision.bundle_hash) == (D, baseline.hash)
    assert {each.bundle_hash for each in decision.findings} == {baseline.hash, own.hash}


OUTCOMES = st.sampled_from(["Allow", "Deny", "RequireApproval"])


@given(st.lists(OUTCOMES, max_size=6), st.lists(OUTCOMES, max_size=6), st.randoms())
@hypothesis_settings(max_examples=examples(60), deadline=None)
def test_order_never_matters_and_strictness_only_grows(
    one: list[str], other: list[str], random: Any
) -> None:
    def compiled(actions: list[str]) -> Any:
        rules = [
            {"id": f"r{at}", "appliesTo": ["MoneyIntent"], "action": action, "message": "m"}
            for at, action in enumerate(actions)
        ]
        random.shuffle(rules)
        return compile_bundle({"version": "1.0.0", "rules": rules})

    first, second = compiled(one), compiled(other)
    alone = [evaluate(each, intent()).action for each in (first, second)]
    for actions, found in zip((one, other), alone, strict=True):
        expected = max(map(Action, actions), key=STRICTNESS.__getitem__, default=D)
        assert found is expected
    both = evaluate(combine(first, second), intent()).action
    assert both is evaluate(combine(second, first), intent()).action
    assert both is max(alone, key=STRICTNESS.__getitem__)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["url", "x", "tasks", "source"]), JSON_VALUES))
@hypothesis_settings(max_examples=examples(150), deadline=None)
def test_no_request_whatever_it_holds_raises_or_is_allowed_by_accident(spec: Any) -> None:
    snapshot = compile_bundle(STARTER)
    allowed = evaluate(snapshot, call(**spec)).allowed
    assert not allowed or spec["url"].startswith("https://")
    assert not evaluate(snapshot, thing(Governed.MONEY_INTENT, spec)).allowed
    assert not evaluate(snapshot, thing(Governed.ARTIFACT_BUILD, spec)).allowed
    evaluate(snapshot, thing(Governed.WORKFLOW, spec))
