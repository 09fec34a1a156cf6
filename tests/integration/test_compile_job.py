"""The compile Job as a process: a request folder in, an upload and a termination message out.

One that was started ahead waits, takes one build, and ends with it.
"""

import hashlib
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from artifactexamples import FOLDER, compiled_example, example
from compilejobs import DOCUMENT, ENDS_WITHIN_SECONDS, PICTURE, Document, Job, Store, serving
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.deck.target import PPTX
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.jobcontract import (
    EXIT_DONE,
    EXIT_TRANSIENT,
    EXIT_USER_ERROR,
    parse_end,
    parse_result,
)
from venture_core.artifacts.targets import target_named
from venture_core.artifacts.warming import is_warm
from venture_core.canonical import sha256_hex

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


def test_a_deck_is_built_and_uploaded_as_on_any_machine(job: Job) -> None:
    job.prepare()
    code, result = job.run()
    assert code == EXIT_DONE
    uploaded = job.store.objects["staging/1"]
    here = compile_artifact(
        ir=parse_ir(json.dumps(DOCUMENT).encode()),
        assets={"photo": PICTURE},
        gates=GateSettings(),
        target="Pptx",
    )
    assert uploaded == here.data
    assert result.artifact is not None
    assert result.artifact.sha256 == here.sha256
    assert result.artifact.size_bytes == len(uploaded)
    assert result.artifact.media_type == here.media_type
    assert [(gate.name, gate.passed) for gate in result.gates] == [
        ("contrast", True),
        ("altText", True),
        ("overflow", True),
        ("emptySlides", True),
    ]
    assert result.toolchain == PPTX.toolchain.id
    assert job.events() == ["started", "compiled", "uploaded"]


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_each_example_is_built_as_on_any_machine(job: Job, name: str) -> None:
    chosen, here = example(name), compiled_example(name)
    kind = json.loads(chosen.document)["kind"]
    toolchain = target_named(chosen.target).toolchain_for(kind).id_on("registry/compiler:1")
    job.prepare(
        json.loads(chosen.document),
        target=chosen.target,
        toolchain=toolchain,
        thumbnail={"url": job.store.url("staging/1.png"), "fields": {}},
    )
    code, result = job.run()
    assert (code, result.error) == (EXIT_DONE, None)
    small = job.store.objects.get("staging/1.png")
    assert small == here.thumbnail
    assert (result.thumbnail and result.thumbnail.sha256) == (small and sha256_hex(small))
    assert result.artifact is not None
    assert (result.artifact.sha256, result.artifact.media_type) == (here.sha256, here.media_type)
    assert job.store.objects["staging/1"] == here.data
    assert result.toolchain == toolchain


def test_the_document_may_come_from_the_store(job: Job) -> None:
    data = json.dumps(DOCUMENT).encode()
    job.store.objects["ir"] = data
    digest = hashlib.sha256(data).hexdigest()
    job.prepare(document=None, irUrl=job.store.url("ir"), irSha256=digest)
    code, result = job.run()
    assert (code, result.error) == (EXIT_DONE, None)


def failing(slides: list[Document]) -> Document:
    return {"document": {**DOCUMENT, "slides": slides}}


@pytest.mark.parametrize(
    ("change", "stage", "reason", "pointer"),
    [
        (failing([{"type": "title"}]), "Validate", "InvalidIR", "/slides/0/title"),
        (failing([{"type": "image", "title": "T", "image": "other"}]),
         "Validate", "InvalidIR", "/slides/0/image"),
        (failing([{"type": "title", "title": "x" * 120}]), "Gate", "GateFailed", None),
        ({"document": None}, "Validate", "MissingInput", None),
        ({"target": "Odt"}, "Validate", "UnsupportedTarget", None),
        ({"toolchain": "pptx-0"}, "Validate", "ToolchainMismatch", None),
        ({"irSha256": "0" * 64}, "Validate", "DigestMismatch", None),
        ({"maxArtifactBytes": 1000}, "Export", "ArtifactTooLarge", None),
        ({"gates": {}}, "Validate", "InvalidRequest", None),
    ],
)  # fmt: skip
def test_what_the_author_must_mend_is_told_with_stage_and_place(
    job: Job, change: Document, stage: str, reason: str, pointer: str | None
) -> None:
    job.prepare(**change)
    code, result = job.run()
    assert code == EXIT_USER_ERROR
    assert result.artifact is None
    assert result.error is not None
    told = (result.error.stage.value, result.error.reason, result.error.pointer)
    assert told == (stage, reason, pointer)
    assert result.error.message
    assert "staging/1" not in job.store.objects
    if reason == "GateFailed":
        (failed,) = [gate for gate in result.gates if not gate.passed]
        assert (failed.name, failed.findings[0].slide) == ("overflow", 1)
        assert failed.findings[0].element == "title"


@pytest.mark.parametrize(
    ("content", "stage", "reason", "pointer"),
    [
        (None, "Validate", "InputNotFound", None),
        (b"other", "Validate", "DigestMismatch", None),
        (b"GIF89a", "Plan", "InvalidAsset", "/slides/1/image"),
    ],
)
def test_an_asset_that_cannot_be_used_is_told(
    job: Job, content: bytes | None, stage: str, reason: str, pointer: str | None
) -> None:
    asked = content if reason == "InvalidAsset" and content is not None else PICTURE
    asset = {
        "name": "photo",
        "url": job.store.url("photo"),
        "sha256": hashlib.sha256(asked).hexdigest(),
    }
    job.prepare(assets=[asset])
    if content is None:
        del job.store.objects["photo"]
    else:
        job.store.objects["photo"] = content
    code, result = job.run()
    assert code == EXIT_USER_ERROR
    assert result.error is not None
    told = (result.error.stage.value, result.error.reason, result.error.pointer)
    assert told == (stage, reason, pointer)
    assert "photo" in result.error.message


def test_a_redirect_is_refused(job: Job) -> None:
    job.prepare()
    job.store.redirects.add("photo")
    code, result = job.run()
    assert code == EXIT_USER_ERROR
    assert result.error is not None
    assert result.error.reason == "DownloadRefused"


def test_a_store_that_refuses_is_transient(job: Job) -> None:
    job.prepare()
    job.store.refuses_uploads = True
    code, result = job.run()
    assert code == EXIT_TRANSIENT
    assert result.error is not None
    assert (result.error.stage.value, result.error.reason) == ("Export", "UploadFailed")


def test_a_store_that_is_away_is_transient(job: Job) -> None:
    job.prepare()
    request = json.loads((job.input / "request.json").read_text())
    request["assets"][0]["url"] = "http://127.0.0.1:9/photo?signature=topsecret"
    (job.input / "request.json").write_text(json.dumps(request))
    code, result = job.run()
    assert code == EXIT_TRANSIENT
    assert result.error is not None
    assert result.error.reason == "DownloadFailed"


def test_a_job_that_is_told_to_stop_stops_and_says_so(job: Job) -> None:
    job.prepare()
    job.store.holds.clear()
    process = job.start()
    assert job.store.asked.wait(ENDS_WITHIN_SECONDS)
    process.send_signal(signal.SIGTERM)
    code, result = job.finish(process)
    assert code == EXIT_TRANSIENT
    assert result.error is not None
    assert result.error.reason == "Terminated"


def test_it_imports_neither_kopf_nor_a_kubernetes_client() -> None:
    """What the imports cost is measured by tests/bench/bench_imports.py."""
    program = """
import sys
import venture_artifact_compiler.__main__, venture_core.artifacts.deck.render.deck
heavy = {"kopf", "aiohttp", "cryptography", "obstore"}
print(*sorted(heavy & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == []


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
