"""The messages between operator and compile Job."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from venture_core.artifacts.gates import Finding, GateResult, GateSettings
from venture_core.artifacts.jobcontract import (
    MAX_RESULT_BYTES,
    Assignment,
    CompileJobInput,
    CompileJobResult,
    InvalidResultError,
    JobArtifact,
    JobAsset,
    JobEnd,
    JobError,
    JobFinding,
    JobGateResult,
    JobGates,
    JobUpload,
    Stage,
    WorkerInput,
    parse_assignment,
    parse_end,
    parse_input,
    parse_result,
    parse_worker,
)

SECRET_URL = "http://s3.example/key?X-Amz-Signature=topsecret"  # noqa: S105
REQUEST = CompileJobInput(
    target="Pptx",
    gates=JobGates.from_settings(GateSettings(alt_text=False)),
    ir_url=SECRET_URL,
    ir_sha256="0" * 64,
    assets=(JobAsset(name="logo", url=SECRET_URL, sha256="1" * 64),),
    upload=JobUpload(url=SECRET_URL, fields={"key": "topsecret"}),
    toolchain="pptx-1",
    max_artifact_bytes=1000,
)
ARTIFACT = JobArtifact(sha256="2" * 64, size_bytes=5, media_type="application/x")


def test_a_request_survives_the_file() -> None:
    assert parse_input(REQUEST.to_json()) == REQUEST
    assert REQUEST.gates.settings() == GateSettings(alt_text=False)
    assert json.loads(REQUEST.to_json())["maxArtifactBytes"] == 1000


def test_a_job_that_waits_and_its_operator_understand_each_other() -> None:
    worker = WorkerInput(assignment_url=SECRET_URL, wait_seconds=60, authorities="PEM")
    assert parse_worker(worker.to_json()) == worker
    form = JobUpload(url=SECRET_URL, fields={"key": "topsecret"})
    assignment = Assignment(request=REQUEST, document='{"topsecret": 1}', end=form)
    assert parse_assignment(assignment.to_json()) == assignment
    assert "topsecret" not in repr((worker, assignment))
    end = JobEnd(exit_code=10, message="{}")
    assert parse_end(end.to_json()) == end
    with pytest.raises(InvalidResultError, match="1 errors"):
        parse_end(b'{"exitCode": 256, "message": ""}')
    with pytest.raises(ValidationError, match="waitSeconds"):
        parse_worker(b'{"assignmentUrl": "https://s3/x", "waitSeconds": 3601}')


def test_urls_are_never_shown() -> None:
    assert "topsecret" not in repr(REQUEST)
    assert "topsecret" not in str(REQUEST)
    broken = json.loads(REQUEST.to_json()) | {"upload": {"url": "ftp://x?topsecret"}}
    with pytest.raises(ValidationError) as caught:
        parse_input(json.dumps(broken).encode())
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"target": ""},
        {"gates": {"contrast": True}},
        {"irUrl": "file:///etc/passwd"},
        {"irSha256": "xyz"},
        {"assets": [{"name": "a", "url": SECRET_URL}]},
        {"upload": {"url": "http://a b", "fields": {}}},
        {"upload": {"url": SECRET_URL, "fields": {"Content-Type\r\nX": "a"}}},
        {"upload": {"url": SECRET_URL, "fields": {f"f{n}": "" for n in range(17)}}},
        {"toolchain": ""},
        {"maxArtifactBytes": 0},
        {"unknown": 1},
    ],
)
def test_a_broken_request_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        parse_input(json.dumps(json.loads(REQUEST.to_json()) | change).encode())


def test_a_result_is_an_artifact_or_an_error() -> None:
    error = JobError(stage=Stage.GATE, reason="GateFailed", message="m", pointer="/slides/0")
    for result in (
        CompileJobResult(artifact=ARTIFACT, toolchain="t"),
        CompileJobResult(error=error, toolchain="t"),
    ):
        assert parse_result(result.to_message().decode()) == result
    with pytest.raises(ValidationError):
        CompileJobResult(toolchain="t")
    with pytest.raises(ValidationError):
        CompileJobResult(toolchain="t", artifact=ARTIFACT, error=error)


@pytest.mark.parametrize("text", ["", "Killed", "{}", '{"toolchain":"t"}', "[]"])
def test_a_message_that_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(InvalidResultError):
        parse_result(text)


FINDINGS = st.lists(
    st.builds(
        JobFinding,
        slide=st.integers(1, 200),
        element=st.text(max_size=120),
        message=st.text(max_size=200),
    ),
    max_size=20,
).map(tuple)


@given(st.lists(FINDINGS, max_size=4), st.text(max_size=1000))
def test_a_message_fits_and_says_how_much_it_left_out(
    findings: list[tuple[JobFinding, ...]], message: str
) -> None:
    result = CompileJobResult(
        error=JobError(stage=Stage.GATE, reason="GateFailed", message=message),
        gates=tuple(
            JobGateResult(name=f"gate{index}", passed=not found, findings=found)
            for index, found in enumerate(findings)
        ),
        toolchain="t",
    )
    data = result.to_message()
    assert len(data) <= MAX_RESULT_BYTES
    parsed = parse_result(data.decode())
    for gate, found in zip(parsed.gates, findings, strict=True):
        assert gate.findings == found[: len(gate.findings)]
        assert gate.findings_omitted == len(found) - len(gate.findings)


@pytest.mark.parametrize("character", ["\U0001f600", "\x01", "x"])
def test_the_longest_error_still_fits(character: str) -> None:
    error = JobError(
        stage=Stage.VALIDATE, reason="R" * 64, message=character * 1000, pointer=character * 256
    )
    message = CompileJobResult(error=error, toolchain="t" * 512).to_message()
    assert len(message) <= MAX_RESULT_BYTES
    told = parse_result(message.decode()).error
    assert told is not None
    assert error.message.startswith(told.message)


def test_a_gate_result_is_cut_to_the_bounds_of_the_message() -> None:
    findings = (Finding(1, "e" * 500, "m" * 500),) * 25
    told = JobGateResult.from_result(GateResult("overflow", passed=False, findings=findings))
    assert (len(told.findings), told.findings_omitted) == (20, 5)
    assert (len(told.findings[0].element), len(told.findings[0].message)) == (120, 200)
