"""What the lists and limits of a bundle say: its roles, money and artifacts."""

from typing import TYPE_CHECKING, Any, Final

from venture_crds.v1alpha1.policybundle import Governed

from venture_core.policy.decision import Action, Finding, ReasonCode
from venture_core.policy.expressions import EvaluationError
from venture_core.policy.matching import host_of_url, names_match
from venture_core.policy.request import (
    Connection,
    ModelCall,
    ObjectRequest,
    Spend,
    ToolCall,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from venture_crds.v1alpha1.policybundle import ArtifactPolicy
    from venture_crds.v1alpha1.policymoney import Merchant, MoneyPolicy

    from venture_core.policy.judging import Judge
    from venture_core.policy.request import Json, Request
    from venture_core.policy.snapshot import CompiledRole, CompiledTool

NO_AMOUNT: Final = 2**63 - 1
"""Stands for an amount that is no number: more than any limit."""


def findings_of_lists(judge: Judge, request: Request) -> Iterator[Finding]:
    """Give what the lists and limits of a bundle say to a request; nothing where they are silent.

    A role that a bundle does not have may do nothing by it, whatever its rules allow.
    """
    match request:
        case ToolCall() | ModelCall() | Connection() | Spend():
            role = judge.layer.roles.get(request.role)
            if role is None:
                yield _unknown_role(judge, request.role)
            else:
                yield from _of_role(judge, role, request)
        case ObjectRequest(kind=Governed.ARTIFACT_BUILD):
            yield from _artifact(judge, request.spec)
        case ObjectRequest(kind=Governed.MONEY_INTENT):
            yield from _intent(judge, request.spec)
        case ObjectRequest(kind=Governed.WORKFLOW):
            yield from _workflow(judge, request.spec)
        case _:
            raise AssertionError(f"no bundle judges {request.kind}")


def default_denial(judge: Judge, request: Request) -> Finding:
    """Return the denial of what nothing in a bundle allows."""
    code, message = ReasonCode.NOT_ALLOWED, "nothing in the bundle allows it"
    match request:
        case ToolCall():
            code = ReasonCode.NOT_IN_ALLOWLIST
            message = f"the role {request.role} has no tool {request.tool[:64]}"
        case ModelCall():
            code = ReasonCode.MODEL_NOT_ALLOWED
            message = (
                f"the role {request.role} has no model {request.model[:128]} of {request.provider}"
            )
        case Connection():
            code = ReasonCode.DOMAIN_NOT_ALLOWLISTED
            message = f"no tool of the role {request.role} reaches {request.host}:{request.port}"
        case ObjectRequest(kind=Governed.ARTIFACT_BUILD):
            code = ReasonCode.TARGET_NOT_ALLOWED
            message = "the bundle does not list its target"
        case _:
            pass
    return judge.deny("default", code, message)


def _unknown_role(judge: Judge, role: object) -> Finding:
    name = str(role)[:64]
    known = ", ".join(judge.layer.roles) or "none"
    return judge.deny(
        "roles", ReasonCode.UNKNOWN_ROLE, f"the bundle has no role {name}; it has: {known}"
    )


def _of_role(
    judge: Judge, role: CompiledRole, request: ToolCall | ModelCall | Connection | Spend
) -> Iterator[Finding]:
    path = f"roles/{role.name}"
    match request:
        case ToolCall():
            if (tool := role.tools.get(request.tool)) is not None:
                yield from _tool(judge, tool, request, f"{path}/tools/{tool.name}")
        case ModelCall():
            if _has_model(role, str(request.provider), request.model):
                yield judge.allow(f"{path}/models", "the role has the model")
        case Connection():
            for tool in role.tools.values():
                if any(each.covers(request.host, request.port) for each in tool.domains):
                    yield judge.allow(f"{path}/tools/{tool.name}/domains", "a tool reaches it")
        case Spend():
            yield from _spend(judge, request)


def _tool(judge: Judge, tool: CompiledTool, call: ToolCall, path: str) -> Iterator[Finding]:
    try:
        holds = judge.holds(tool.when)
    except EvaluationError as error:
        yield judge.failed(f"{path}/when", error)
        return
    if not holds:
        message = f"the arguments of {tool.name} are not what the bundle allows"
        yield judge.deny(f"{path}/when", ReasonCode.ARGUMENTS_NOT_ALLOWED, message)
        return
    if tool.domains and "url" in call.arguments:
        url = call.arguments["url"]
        place = host_of_url(url) if isinstance(url, str) else None
        if place is None or not any(each.covers(*place) for each in tool.domains):
            message = (
                "the address is none of the web"
                if place is None
                else f"{tool.name} does not reach {place[0]}:{place[1]}"
            )
            yield judge.deny(f"{path}/domains", ReasonCode.DOMAIN_NOT_ALLOWLISTED, message)
            return
    yield judge.allow(path, f"the role has the tool {tool.name}")


def _has_model(role: CompiledRole, provider: str, model: str) -> bool:
    return any(
        str(grant.provider) == provider and any(names_match(each, model) for each in grant.names)
        for grant in role.models
    )


def _artifact(judge: Judge, spec: Json) -> Iterator[Finding]:
    policy = judge.layer.spec.artifacts
    target = str(spec.get("target"))
    if policy is None or target not in {str(each) for each in policy.targets}:
        return
    yield from _gates(judge, policy, spec)
    yield judge.allow("artifacts/targets", f"{target} may be built")


def _gates(judge: Judge, policy: ArtifactPolicy, spec: Json) -> Iterator[Finding]:
    gates = _mapping(spec.get("gates"))
    required = policy.gates.to_json()
    for name, is_required in required.items():
        if is_required and gates.get(name, True) is not True:
            message = f"the gate {name} cannot be switched off: remove spec.gates.{name}"
            yield judge.deny(f"artifacts/gates/{name}", ReasonCode.GATE_REQUIRED, message)


def _intent(judge: Judge, spec: Json) -> Iterator[Finding]:
    money = judge.layer.spec.money
    if money is None:
        return
    if spec.get("role") not in judge.layer.roles:
        yield _unknown_role(judge, spec.get("role"))
    cap = _cents(spec.get("capCents"))
    if cap > money.per_workflow_cents:
        message = f"capCents is {cap}, and at most {money.per_workflow_cents} may be asked for"
        yield judge.deny("money/perWorkflowCents", ReasonCode.WORKFLOW_CAP_EXCEEDED, message)
    payee = _mapping(spec.get("merchant")).get("id")
    categories = spec.get("categories")
    yield from _payment(
        judge,
        money,
        currency=spec.get("currency"),
        payee=payee,
        categories=categories if isinstance(categories, list) else [],
        cents=_cents(spec.get("perTransactionCents")),
    )
    for threshold in money.approvals:
        if cap > threshold.above_cents:
            yield judge.ask(
                f"money/approvals/{threshold.above_cents}",
                ReasonCode.APPROVAL_THRESHOLD,
                f"capCents is above {threshold.above_cents}: people approve it",
                threshold.quorum,
                threshold.ttl_seconds,
            )


def _spend(judge: Judge, spend: Spend) -> Iterator[Finding]:
    money = judge.layer.spec.money
    if money is not None:
        yield from _payment(
            judge,
            money,
            currency=spend.currency,
            payee=spend.merchant,
            categories=[spend.category],
            cents=spend.cents,
        )


def _payment(
    judge: Judge,
    money: MoneyPolicy,
    *,
    currency: object,
    payee: object,
    categories: list[Any],
    cents: int,
) -> Iterator[Finding]:
    """Give what a bundle says to a payment, asked for or made."""
    denials = []
    if currency not in money.currencies:
        message = f"only {', '.join(money.currencies)} may be spent"
        denials.append(("money/currencies", ReasonCode.CURRENCY_NOT_ALLOWED, message))
    merchant = next((each for each in money.merchants if each.id == payee), None)
    if merchant is None:
        message = f"{str(payee)[:128]} may not be paid"
        denials.append(("money/merchants", ReasonCode.MERCHANT_NOT_ALLOWED, message))
    else:
        denials += _against_merchant(merchant, categories, cents)
    for rule, code, message in denials:
        yield judge.deny(rule, code, message)
    if not denials and merchant is not None:
        yield judge.allow(f"money/merchants/{merchant.id}", f"{merchant.id} may be paid")


def _against_merchant(
    merchant: Merchant, categories: list[Any], cents: int
) -> Iterator[tuple[str, ReasonCode, str]]:
    path = f"money/merchants/{merchant.id}"
    wrong = [str(each)[:16] for each in categories if each not in merchant.categories]
    if wrong or not categories:
        named = ", ".join(wrong[:8]) or "nothing"
        message = f"{merchant.id} may be paid for {', '.join(merchant.categories)}, not {named}"
        yield f"{path}/categories", ReasonCode.CATEGORY_NOT_ALLOWED, message
    if cents > merchant.per_transaction_cents:
        message = f"{merchant.id} may get {merchant.per_transaction_cents} at once, not {cents}"
        yield f"{path}/perTransactionCents", ReasonCode.TRANSACTION_CAP_EXCEEDED, message


def _workflow(judge: Judge, spec: Json) -> Iterator[Finding]:
    """Give what a bundle says to each task, and that the plan may run where nothing is wrong."""
    clean = True
    for name, finding in _tasks(judge, spec):
        clean = False
        message = f"task {name}: {finding.message}"
        yield judge.say(finding.action, finding.rule, finding.reason_code, message)
    if clean:
        yield judge.allow("roles", "its tasks are within the bundle")


def _tasks(judge: Judge, spec: Json) -> Iterator[tuple[str, Finding]]:
    """Give what stands against each task. People are asked about a payment when it is due."""
    tasks = spec.get("tasks")
    for task in map(_mapping, tasks if isinstance(tasks, list) else []):
        name = str(task.get("name"))[:63]
        found: Iterator[Finding] = iter(())
        if "agent" in task:
            found = _agent(judge, _mapping(task["agent"]))
        elif "artifact" in task:
            found = _built(judge, _mapping(task["artifact"]))
        elif "money" in task:
            found = _paid(judge, _mapping(task["money"]))
        for finding in found:
            yield name, finding


def _agent(judge: Judge, agent: Json) -> Iterator[Finding]:
    role = judge.layer.roles.get(str(agent.get("role")))
    if role is None:
        yield _unknown_role(judge, agent.get("role"))
        return
    path = f"roles/{role.name}"
    tools = agent.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        if tool not in role.tools:
            message = f"the role {role.name} has no tool {str(tool)[:64]}"
            yield judge.deny(f"{path}/tools", ReasonCode.NOT_IN_ALLOWLIST, message)
    model = _mapping(agent.get("model"))
    provider, named = str(model.get("provider")), str(model.get("name"))
    if not _has_model(role, provider, named):
        message = f"the role {role.name} has no model {named[:128]} of {provider[:32]}"
        yield judge.deny(f"{path}/models", ReasonCode.MODEL_NOT_ALLOWED, message)


def _built(judge: Judge, build: Json) -> Iterator[Finding]:
    found = tuple(_artifact(judge, build))
    if not found:
        message = f"the bundle does not list the target {str(build.get('target'))[:32]}"
        yield judge.deny("artifacts/targets", ReasonCode.TARGET_NOT_ALLOWED, message)
    yield from _denials(found)


def _paid(judge: Judge, intent: Json) -> Iterator[Finding]:
    if judge.layer.spec.money is None:
        yield judge.deny("money", ReasonCode.NOT_ALLOWED, "the bundle lets nobody spend")
    yield from _denials(_intent(judge, intent))


def _denials(findings: Iterable[Finding]) -> Iterator[Finding]:
    return (each for each in findings if each.action is Action.DENY)


def _cents(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else NO_AMOUNT


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}
