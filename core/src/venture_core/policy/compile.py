"""From a bundle's content to a snapshot; whatever is wrong with it is found here, all at once."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, override

from pydantic import ValidationError
from venture_crds.v1alpha1.policybundle import (
    BundleState,
    Governed,
    PolicyBundleSpec,
    RuleAction,
)

from venture_core.canonical import CanonicalJsonError
from venture_core.nesting import is_deeper
from venture_core.policy.contenthash import content_hash, content_of
from venture_core.policy.expressions import Expression, ExpressionError, compile_expression
from venture_core.policy.matching import DomainPattern, parse_domain
from venture_core.policy.snapshot import (
    CompiledRole,
    CompiledRule,
    CompiledTool,
    Layer,
    Snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from venture_crds.v1alpha1.policybundle import Role
    from venture_crds.v1alpha1.policymoney import MoneyPolicy

MAX_CONTENT_DEPTH: Final = 16
_WORDS: Final = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a bundle, and where.

    `path` is counted from the spec on, `line` and `column` within the expression there, if it is
    one.
    """

    path: str
    message: str
    line: int | None = None
    column: int | None = None

    @override
    def __str__(self) -> str:
        place = "" if self.line is None else f" at {self.line}:{self.column}"
        return f"{self.path}{place}: {self.message}"


class BundleError(ValueError):
    """A bundle cannot be compiled; `problems` has everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


def compile_bundle(content: Mapping[str, Any]) -> Snapshot:
    """Compile what a bundle's spec says; its state and signature are left out. Pure.

    The largest bundle takes some tens of milliseconds: call it in a thread. Raises BundleError.
    """
    said = content_of(content)
    if is_deeper(said, MAX_CONTENT_DEPTH):
        raise BundleError((Problem("spec", "it is nested too deeply"),))
    try:
        spec = PolicyBundleSpec.model_validate({**said, "state": BundleState.DRAFT})
        hash_ = content_hash(said)
    except ValidationError as error:
        raise BundleError(_problems_of(error)) from None
    except CanonicalJsonError as error:
        raise BundleError((Problem("spec", str(error)),)) from None
    compiler = _Compiler()
    roles = {each.name: compiler.role(each, f"roles[{at}]") for at, each in enumerate(spec.roles)}
    rules = compiler.rules(spec)
    compiler.check_unique("roles", (each.name for each in spec.roles))
    if spec.money is not None:
        compiler.check_money(spec.money)
    if compiler.problems:
        raise BundleError(compiler.problems)
    return Snapshot((Layer(hash_, spec, roles, rules),))


class _Compiler:
    """Compiles the parts of a bundle and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def role(self, role: Role, path: str) -> CompiledRole:
        tools = {}
        self.check_unique(f"{path}.tools", (each.name for each in role.tools))
        self.check_unique(f"{path}.models", (each.provider for each in role.models))
        for at, tool in enumerate(role.tools):
            where = f"{path}.tools[{at}]"
            tools[tool.name] = CompiledTool(
                name=tool.name,
                when=self._condition(Governed.TOOL_CALL, tool.when, f"{where}.when"),
                domains=self._domains(tool.domains, f"{where}.domains"),
                calls_per_minute=tool.calls_per_minute,
            )
        return CompiledRole(
            name=role.name,
            tools=tools,
            models=role.models,
            daily_budget_cents=role.daily_budget_cents,
            max_concurrent=role.max_concurrent,
            timeout_seconds=role.timeout_seconds,
        )

    def rules(self, spec: PolicyBundleSpec) -> dict[Governed, tuple[CompiledRule, ...]]:
        found: dict[Governed, list[CompiledRule]] = defaultdict(list)
        self.check_unique("rules", (each.id for each in spec.rules))
        for at, rule in enumerate(spec.rules):
            path = f"rules[{at}]"
            asks = rule.action is RuleAction.REQUIRE_APPROVAL
            if not asks and (rule.quorum is not None or rule.ttl_seconds is not None):
                message = "quorum and ttlSeconds are for the action RequireApproval"
                self.problems.append(Problem(path, message))
            if asks and set(rule.applies_to) - _MAY_WAIT:
                message = (
                    "nobody can be asked in the middle of a call: RequireApproval applies to "
                    "MoneyIntent and Workflow"
                )
                self.problems.append(Problem(f"{path}.appliesTo", message))
            for kind in rule.applies_to:
                when = self._condition(kind, rule.when, f"{path}.when")
                found[kind].append(CompiledRule(rule, when))
        return {kind: tuple(each) for kind, each in found.items()}

    def check_money(self, money: MoneyPolicy) -> None:
        self.check_unique("money.merchants", (each.id for each in money.merchants))
        self.check_unique("money.approvals", (str(each.above_cents) for each in money.approvals))
        if money.per_workflow_cents > money.per_day_cents:
            message = "is no more than perDayCents"
            self.problems.append(Problem("money.perWorkflowCents", message))

    def check_unique(self, path: str, names: Iterable[str]) -> None:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                self.problems.append(Problem(path, f"{name} stands there twice"))
            seen.add(name)

    def _condition(self, kind: Governed, text: str | None, path: str) -> Expression | None:
        if text is None:
            return None
        try:
            return compile_expression(kind, text)
        except ExpressionError as error:
            problem = Problem(path, error.message, error.line, error.column)
            if problem not in self.problems:
                self.problems.append(problem)
            return None

    def _domains(self, texts: tuple[str, ...], path: str) -> tuple[DomainPattern, ...]:
        found = []
        for at, text in enumerate(texts):
            try:
                found.append(parse_domain(text))
            except ValueError as error:
                self.problems.append(Problem(f"{path}[{at}]", str(error)))
        return tuple(found)


_MAY_WAIT: Final = {Governed.MONEY_INTENT, Governed.WORKFLOW}
"""What people can be asked about: an object that waits for them."""


def _problems_of(error: ValidationError) -> list[Problem]:
    return [
        Problem(
            "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in each["loc"])[
                :_WORDS
            ].removeprefix("."),
            each["msg"][:_WORDS],
        )
        for each in error.errors(include_input=False, include_url=False)
    ]
