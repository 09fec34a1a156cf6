"""What is kept in memory of a Workflow: of one that ended, little but how it did."""

from typing import Any, Final

from venture_operator.domain.stubs import is_settled, mapping, picked, short

type Body = dict[str, Any]

_CONTROL: Final = (
    "objective",
    "suspend",
    "shutdown",
    "retry",
    "ttlSecondsAfterFinished",
)
_OUTCOME: Final = (
    "phase",
    "observedGeneration",
    "conditions",
    "finishedAt",
    "handledRetry",
    "suspended",
)


def stub(body: Body) -> Body:
    """Reduce a settled workflow to what decisions need; any other is kept whole."""
    if not is_settled(body) or mapping(body.get("status")).get("budgetOpen"):
        return body
    spec, status = mapping(body.get("spec")), picked(mapping(body.get("status")), _OUTCOME)
    tasks = spec.get("tasks")
    names = [{"name": each.get("name")} for each in tasks] if isinstance(tasks, list) else []
    status["conditions"] = [short(each) for each in status["conditions"]]
    return {**body, "spec": picked(spec, _CONTROL) | {"tasks": names}, "status": status}
