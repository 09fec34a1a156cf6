"""Where a build stands, what its end means for the shell, and how failures are explained."""

import re
from typing import Any

import aiohttp
import pytest
from surroundings import REPOSITORY
from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.noun import not_ready_error, stalled_error
from venture_cli.domain.outcome import parse_build
from venture_cli.domain.standing import State, standing
from venture_cli.errors import CliError, ExitCode
from venture_cli.explain import explain
from venture_cli.program import ACTING_AS
from venture_core.artifacts.provenance import ProvenanceError
from venture_core.kubernetes.errors import error_from_status

GATES = [
    {"name": "contrast", "passed": True},
    {
        "name": "altText",
        "passed": False,
        "findings": [{"slide": 2, "element": "image", "message": "has no altText"}],
        "findingsOmitted": 3,
    },
]


def body(
    *, phase: str = "Pending", observed: int = 1, suspend: bool = False, **conditions: str
) -> dict[str, Any]:
    return {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": "a-deck", "namespace": "team", "generation": 1},
        "spec": {"target": "Pptx", "source": {"inline": {}}, "suspend": suspend},
        "status": {
            "phase": phase,
            "observedGeneration": observed,
            "gates": GATES,
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": "Because",
                    "message": "it is so",
                    "lastTransitionTime": "2026-11-23T00:00:00Z",
                    "observedGeneration": observed,
                }
                for kind, status in conditions.items()
            ],
        },
    }


@pytest.mark.parametrize(
    ("given", "state", "sentence"),
    [
        (body(), State.RUNNING, "Pending: the operator has not looked at it yet"),
        (
            body(phase="Ready", observed=0, Ready="True", Stalled="False"),
            State.RUNNING,
            "Pending: the operator has not looked at it yet",
        ),
        (
            body(phase="Compiling", Ready="Unknown", Stalled="False", Reconciling="True"),
            State.RUNNING,
            "Compiling (Because): it is so",
        ),
        (body(phase="Ready", Ready="True"), State.READY, "Ready (Because): it is so"),
        (
            body(phase="Failed", Ready="False", Stalled="True"),
            State.STALLED,
            "Failed (Because): it is so",
        ),
        (
            body(phase="Suspended", suspend=True, Ready="Unknown"),
            State.SUSPENDED,
            "Suspended (Because): it is so",
        ),
    ],
)
def test_conditions_say_where_a_build_stands(
    given: dict[str, Any], state: State, sentence: str
) -> None:
    now = standing(given)
    assert (now.state, now.sentence()) == (state, sentence)
    assert now.is_final is (state in (State.READY, State.STALLED))


def test_a_build_without_any_status_has_just_been_created() -> None:
    given = body()
    del given["status"]
    assert standing(given).state is State.RUNNING


def test_a_stalled_build_is_explained_finding_by_finding() -> None:
    error = stalled_error(ARTIFACT, body(phase="Failed", Ready="False", Stalled="True"))
    assert error.code is ExitCode.BUILD_FAILED
    assert str(error) == "a-deck stalled (Because): it is so"
    assert error.details == ("altText: slide 2, image: has no altText", "altText: and 3 more")
    assert "artifact retry a-deck -n team" in error.next_step


@pytest.mark.parametrize(
    ("given", "code", "verb"),
    [
        (body(phase="Compiling", Ready="Unknown"), ExitCode.FAILURE, "wait"),
        (body(phase="Suspended", suspend=True, Ready="Unknown"), ExitCode.FAILURE, "resume"),
        (body(phase="Failed", Ready="False", Stalled="True"), ExitCode.BUILD_FAILED, "retry"),
    ],
)
def test_an_unfinished_build_says_what_to_do(
    given: dict[str, Any], code: ExitCode, verb: str
) -> None:
    error = not_ready_error(ARTIFACT, given)
    assert error.code is code
    assert f"artifact {verb} a-deck -n team" in error.next_step


def test_a_build_of_a_newer_version_is_no_defect() -> None:
    given = body()
    given["spec"]["target"] = "Hologram"
    with pytest.raises(CliError, match=r"does not understand: spec\.target") as caught:
        parse_build(given)
    assert "-o yaml" in caught.value.next_step


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (error_from_status(0, "Unreachable", "no answer"), ExitCode.UNREACHABLE),
        (error_from_status(401, "Unauthorized", "who are you"), ExitCode.DENIED),
        (error_from_status(403, "Forbidden", "no"), ExitCode.DENIED),
        (error_from_status(404, "NotFound", "no such kind"), ExitCode.NOT_FOUND),
        (error_from_status(409, "Conflict", "it changed"), ExitCode.FAILURE),
        (error_from_status(422, "Invalid", "spec is wrong"), ExitCode.FAILURE),
        (error_from_status(500, "InternalError", "oh"), ExitCode.FAILURE),
        (aiohttp.ClientConnectionError("refused"), ExitCode.UNREACHABLE),
        (ProvenanceError("no trusted key signed"), ExitCode.VERIFICATION_FAILED),
        (ZeroDivisionError("division by zero"), ExitCode.FAILURE),
    ],
)
def test_every_failure_has_a_sentence_and_a_code(error: Exception, code: ExitCode) -> None:
    failure = explain(error)
    assert failure.code is code
    assert str(failure)


def test_who_was_signed_out_is_told_to_sign_in_and_not_to_look_at_kubectl() -> None:
    ended = error_from_status(401, "Unauthorized", "the session has ended: sign in again")
    assert "venture login" in explain(ended).next_step


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [(403, "Forbidden", "a namespace of yours with -n"), (0, "", "does that API run?")],
)
def test_who_is_signed_in_is_not_sent_to_kubectl(status: int, reason: str, said: str) -> None:
    refused = error_from_status(status, reason, "no")
    assert "alice" not in explain(refused).next_step
    token = ACTING_AS.set("alice")
    try:
        told = explain(refused).next_step
    finally:
        ACTING_AS.reset(token)
    assert "signed in as alice" in told
    assert said in told
    assert "kubectl" not in told


@pytest.mark.parametrize(
    "told",
    [
        'admission webhook "policy.venture.parpour.dev" denied the request: ',
        "freezes is forbidden: ValidatingAdmissionPolicy 'a' with binding 'b' denied request: ",
    ],
)
def test_what_a_rule_refuses_is_no_missing_right(told: str) -> None:
    failure = explain(error_from_status(403, "Forbidden", f"{told}Freeze team holds"))
    assert (str(failure), failure.next_step) == ("it is refused: Freeze team holds", "")
    assert failure.code is ExitCode.DENIED


def test_the_exit_codes_never_change() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FAILURE": 1,
        "USAGE": 2,
        "NOT_FOUND": 3,
        "BUILD_FAILED": 4,
        "VERIFICATION_FAILED": 5,
        "TIMEOUT": 6,
        "UNREACHABLE": 7,
        "DENIED": 8,
        "INTERRUPTED": 130,
    }
    page = (REPOSITORY / "docs" / "cli.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE)
    assert documented == [(str(code.value), code.meaning) for code in ExitCode]
