"""A compile Job that was started ahead: it waits, takes one build, and ends with it."""

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from artifactexamples import FOLDER, compiled_example, example
from compilejobs import DOCUMENT, Document, Job, Store, serving
from venture_core.artifacts.jobcontract import (
    EXIT_DONE,
    EXIT_TRANSIENT,
    EXIT_USER_ERROR,
    parse_end,
    parse_result,
)
from venture_core.artifacts.targets import target_named
from venture_core.artifacts.warming import is_warm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store() -> Iterator[Store]:
    with serving() as served:
        yield served


@pytest.fixture
def job(tmp_path: Path, store: Store) -> Job:
    return Job(tmp_path, store)


def wait_ahead(job: Job, *, seconds: int = 60) -> subprocess.Popen[bytes]:
    """Start the Job before there is anything for it to do, and wait until it asks."""
    worker = {"assignmentUrl": job.store.url("assignment"), "waitSeconds": seconds}
    (job.input / "worker.json").write_text(json.dumps(worker))
    process = job.start()
    assert job.store.asked.wait(30)
    return process


def assign(job: Job, document: Document | None = DOCUMENT, **changed: object) -> None:
    """Give the Job that waits a build."""
    assignment = {
        "request": job.request(**changed),
        "document": json.dumps(document),
        "end": {"url": job.store.url("staging/1.end"), "fields": {}},
    }
    job.store.objects["assignment"] = json.dumps(assignment).encode()


def test_what_it_makes_has_the_bytes_that_it_has_on_any_machine(job: Job) -> None:
    process = wait_ahead(job)
    chosen, here = example("treasury-report"), compiled_example("treasury-report")
    document = json.loads(chosen.document)
    toolchain = target_named(chosen.target).toolchain_for(document["kind"]).id
    small = {"url": job.store.url("staging/1.png"), "fields": {}}
    wanted = {"target": chosen.target, "toolchain": toolchain, "thumbnail": small, "assets": []}
    assign(job, document, **wanted)
    code, result = job.finish(process)
    assert (code, result.error) == (EXIT_DONE, None)
    assert job.store.objects["staging/1"] == here.data
    assert job.store.objects.get("staging/1.png") == here.thumbnail
    told = parse_end(job.store.objects["staging/1.end"])
    assert (told.exit_code, parse_result(told.message)) == (code, result)
    assert job.events() == ["waiting", "started", "compiled", "uploaded"]


def test_a_process_that_is_warm_gives_the_bytes_of_a_new_one() -> None:
    chosen = {path.stem: example(path.stem) for path in sorted(FOLDER.glob("*.yaml"))}
    warm = [
        name
        for name, each in chosen.items()
        if is_warm(target_named(each.target), json.loads(each.document)["kind"])
    ]
    program = f"""
import sys
sys.path.insert(0, {str(FOLDER.parent.parent / "tests" / "support")!r})
from artifactexamples import compiled_example
from venture_core.artifacts.warming import warm_up
assert list(warm_up()) == []
print(*(compiled_example(name).sha256 for name in {warm!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    assert len(warm) > 3
    assert done.stdout.decode().split() == [compiled_example(name).sha256 for name in warm]


def test_a_build_that_fails_is_told_as_by_any_job(job: Job) -> None:
    process = wait_ahead(job)
    assign(job, {**DOCUMENT, "slides": [{"type": "title"}]})
    code, result = job.finish(process)
    assert code == EXIT_USER_ERROR
    assert result.error is not None
    assert (result.error.reason, result.error.pointer) == ("InvalidIR", "/slides/0/title")
    told = parse_end(job.store.objects["staging/1.end"])
    assert (told.exit_code, parse_result(told.message)) == (code, result)


def test_an_assignment_that_breaks_the_contract_is_refused(job: Job) -> None:
    process = wait_ahead(job)
    job.store.objects["assignment"] = b'{"request": {}}'
    code, result = job.finish(process)
    assert code == EXIT_USER_ERROR
    assert result.error is not None
    assert result.error.reason == "InvalidRequest"


def test_one_that_nobody_needs_ends_when_its_time_is_over(job: Job) -> None:
    process = wait_ahead(job, seconds=2)
    assert job.end(process) == (EXIT_DONE, "")
    assert job.events() == ["waiting", "not_needed"]


def test_one_that_is_told_to_stop_while_it_waits_stops_and_says_so(job: Job) -> None:
    process = wait_ahead(job)
    process.send_signal(signal.SIGTERM)
    code, result = job.finish(process)
    assert code == EXIT_TRANSIENT
    assert result.error is not None
    assert result.error.reason == "Terminated"


def test_what_the_store_does_not_take_of_its_end_the_kubelet_tells(job: Job) -> None:
    process = wait_ahead(job)
    job.store.refused.add("staging/1.end")
    assign(job)
    code, result = job.finish(process)
    assert (code, result.error) == (EXIT_DONE, None)
    assert "staging/1.end" not in job.store.objects
    assert job.events()[-1] == "end_not_told"
