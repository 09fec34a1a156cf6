"""The commands that need no cluster, and what every command does alike."""

import hashlib
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from surroundings import REPOSITORY
from typer.testing import CliRunner, Result
from venture_cli import options
from venture_cli.app import app
from venture_cli.domain.artifact import ARTIFACT
from venture_cli.errors import ExitCode
from venture_cli.reference import updated
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
from venture_crds.v1alpha1.artifactbuild import BuildReason, GateSwitches, Phase
from venture_crds.v1alpha1.reasons import CommonReason
from venture_crds.v1alpha1.targets import Target

HEAVY = ("aiohttp", "obstore", "pptx", "lxml", "yaml", "rich")
DECK: dict[str, Any] = {
    "kind": "SlideSpec",
    "version": 1,
    "title": "A deck",
    "slides": [{"type": "title", "title": "A deck"}],
}
PICTURE = {"type": "image", "title": "A picture", "image": "logo", "altText": "A logo"}
LOGO = Path(__file__).parent / "data" / "cli-logo.png"


@pytest.fixture(autouse=True)
def no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, where no cluster is configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "there-is-none"))


def venture(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


def write(name: str, body: object) -> str:
    Path(name).write_text(json.dumps(body), encoding="utf-8")
    return name


def compiled(body: dict[str, Any]) -> bytes:
    ir = parse_ir(json.dumps(body).encode())
    return compile_artifact(ir=ir, assets={}, gates=GateSettings(), target="Pptx").data


class TestRender:
    """`artifact render` compiles on this machine."""

    def test_it_makes_what_the_compiler_makes(self) -> None:
        done = venture("artifact", "render", write("deck.json", DECK), "-o", "out.pptx")
        assert done.exit_code == ExitCode.OK, done.stderr
        data = Path("out.pptx").read_bytes()
        assert data == compiled(DECK)
        assert f"digest  sha256:{hashlib.sha256(data).hexdigest()}" in done.stdout

    def test_yaml_and_json_and_a_manifest_make_the_same(self) -> None:
        manifest = {
            "apiVersion": "venture.parpour.dev/v1alpha1",
            "kind": "ArtifactBuild",
            "metadata": {"name": "x"},
            "spec": {"target": "Pptx", "source": {"inline": DECK}},
        }
        Path("deck.yaml").write_text(yaml.safe_dump(DECK), encoding="utf-8")
        for file in (write("deck.json", DECK), "deck.yaml", write("build.json", manifest)):
            done = venture("artifact", "render", file, "-o", f"{file}.pptx")
            assert done.exit_code == ExitCode.OK, done.stderr
        made = {path.read_bytes() for path in Path().glob("*.pptx")}
        assert made == {compiled(DECK)}

    def test_the_examples_can_be_rendered(self) -> None:
        for example in sorted((REPOSITORY / "examples").glob("*-deck.yaml")):
            done = venture("artifact", "render", str(example), "-o", ".", "--format", "json")
            assert done.exit_code == ExitCode.OK, done.stderr
            facts = json.loads(done.stdout)
            assert facts["file"] == f"{example.stem}.pptx"
            data = Path(facts["file"]).read_bytes()
            assert facts["sha256"] == hashlib.sha256(data).hexdigest()

    def test_standard_input_to_standard_output(self) -> None:
        done = venture("artifact", "render", "-", "-o", "-", stdin=json.dumps(DECK))
        assert done.exit_code == ExitCode.OK
        assert done.stdout_bytes == compiled(DECK)
        assert done.stderr == f"sha256:{hashlib.sha256(compiled(DECK)).hexdigest()}\n"

    def test_a_failed_gate_names_slide_and_element(self) -> None:
        body = DECK | {"slides": [*DECK["slides"], PICTURE | {"altText": ""}]}
        file = write("deck.json", body)
        arguments = ("artifact", "render", file, "-o", "out.pptx", "--asset", f"logo={LOGO}")
        done = venture(*arguments)
        assert done.exit_code == ExitCode.BUILD_FAILED
        assert "deck.json does not pass altText" in done.stderr
        assert "altText: slide 2, image: " in done.stderr
        assert not Path("out.pptx").exists()
        done = venture(*arguments, "--skip-gate", "altText")
        assert done.exit_code == ExitCode.OK
        assert "altText" not in done.stdout

    def test_a_wrong_document_is_refused_with_pointers(self) -> None:
        done = venture("artifact", "render", write("deck.json", DECK | {"title": ""}), "-o", "x")
        assert done.exit_code == ExitCode.BUILD_FAILED
        assert "/title: " in done.stderr

    @pytest.mark.parametrize(
        ("asset", "code", "sentence"),
        [
            ("logo", ExitCode.USAGE, "--asset 'logo' is not NAME=PATH"),
            ("logo=missing.png", ExitCode.USAGE, "cannot read missing.png: No such file"),
            ("logo=deck.json", ExitCode.BUILD_FAILED, "asset logo: "),
            (f"other={LOGO}", ExitCode.BUILD_FAILED, "no asset is named logo"),
        ],
    )
    def test_a_wrong_asset_is_refused(self, asset: str, code: ExitCode, sentence: str) -> None:
        file = write("deck.json", DECK | {"slides": [PICTURE]})
        done = venture("artifact", "render", file, "-o", "x.pptx", "--asset", asset)
        assert (done.exit_code, sentence in done.stderr) == (code, True), done.stderr

    def test_a_manifest_pins_its_assets(self) -> None:
        digest = hashlib.sha256(LOGO.read_bytes()).hexdigest()
        assets = [{"name": "logo", "objectRef": {"key": "logo.png", "sha256": digest}}]
        manifest = {
            "apiVersion": "venture.parpour.dev/v1alpha1",
            "kind": "ArtifactBuild",
            "metadata": {"name": "x"},
            "spec": {
                "target": "Pptx",
                "source": {"inline": DECK | {"slides": [PICTURE]}},
                "assets": assets,
            },
        }
        file = write("build.json", manifest)
        done = venture("artifact", "render", file, "-o", "x.pptx")
        assert "Give its file with --asset logo=PATH" in done.stderr
        done = venture("artifact", "render", file, "-o", "x.pptx", "--asset", f"logo={LOGO}")
        assert done.exit_code == ExitCode.OK, done.stderr
        assets[0]["objectRef"] = {"key": "logo.png", "sha256": "0" * 64}
        done = venture(
            *("artifact", "render", write("build.json", manifest), "-o", "x.pptx"),
            *("--asset", f"logo={LOGO}"),
        )
        assert done.exit_code == ExitCode.BUILD_FAILED
        assert f"asset logo is sha256:{digest}, the manifest asks for sha256:000" in done.stderr

    def test_a_document_in_the_cluster_cannot_be_rendered(self) -> None:
        manifest = {
            "apiVersion": "venture.parpour.dev/v1alpha1",
            "kind": "ArtifactBuild",
            "metadata": {"name": "x"},
            "spec": {"target": "Pptx", "source": {"configMapRef": {"name": "x", "key": "k"}}},
        }
        done = venture("artifact", "render", write("build.json", manifest), "-o", "x.pptx")
        assert done.exit_code == ExitCode.USAGE
        assert "refers to a document in the cluster" in done.stderr


class TestEveryCommand:
    """What holds for all of them."""

    def test_a_mistake_in_the_document_is_found_before_any_cluster_is_asked(self) -> None:
        done = venture("artifact", "build", write("deck.json", DECK | {"version": 2}))
        assert done.exit_code == ExitCode.BUILD_FAILED
        assert "/version: the value has another form" in done.stderr

    @pytest.mark.parametrize(
        "arguments",
        [
            ("build", "deck.json"),
            ("wait", "x"),
            ("retry", "x"),
            ("get", "x"),
            ("list",),
            ("download", "x"),
            ("verify", "x"),
            ("suspend", "x"),
            ("resume", "x"),
            ("delete", "x", "y"),
        ],
    )
    def test_without_a_cluster_each_says_so(self, arguments: tuple[str, ...]) -> None:
        write("deck.json", DECK)
        done = venture("artifact", *arguments)
        assert done.exit_code == ExitCode.UNREACHABLE
        assert done.stdout == ""
        assert "error: no cluster is configured: there is no file" in done.stderr
        assert "next: Name a kubeconfig with --kubeconfig or KUBECONFIG" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("artifact", "get"), "Missing argument 'NAME'"),
            (("artifact", "get", "No_Name"), "is no name of an ArtifactBuild"),
            (("artifact", "list", "--phase", "Broken"), "'Broken' is not one of"),
            (("artifact", "wait", "x", "--timeout", "soon"), "is no duration"),
            (("artifact", "build", "missing.json"), "cannot read missing.json: No such file"),
            (("artifact", "build", "-", "-o", "x", "--no-wait"), "nothing to save"),
            (("artifact", "build", "-", "--skip-gate", "spelling"), "'spelling' is not one of"),
            (("artifact", "verify", "x.pptx", "--provenance", "p"), "there is no file x.pptx"),
            (("artifact", "paint"), "No such command 'paint'"),
            (("version", "-o", "name"), "a version has no name"),
        ],
    )
    def test_a_wrong_command_line_is_a_usage_error(
        self, arguments: tuple[str, ...], sentence: str
    ) -> None:
        done = venture(*arguments, stdin=json.dumps(DECK))
        assert done.exit_code == ExitCode.USAGE, done.stderr
        assert sentence in done.stderr

    def test_a_defect_is_one_sentence_and_debug_shows_more(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError("a defect")

        monkeypatch.setattr("venture_cli.services.files.read_assets", broken)
        arguments = ("artifact", "render", write("deck.json", DECK), "-o", "x.pptx")
        done = venture(*arguments)
        assert done.exit_code == ExitCode.FAILURE
        assert done.stderr.startswith("error: a defect in this program: ZeroDivisionError")
        assert "Traceback" not in done.stderr
        assert "Traceback" in venture("--debug", *arguments).stderr

    def test_the_version_names_the_renderer(self) -> None:
        done = venture("version", "-o", "json")
        assert json.loads(done.stdout)["toolchain"].startswith("pptx-")

    def test_choices_are_those_of_the_types(self) -> None:
        assert get_args(options.TargetName) == tuple(Target)
        assert ARTIFACT.phases == tuple(Phase)
        final = {each for each in (*BuildReason, *CommonReason) if each.retried == "no"}
        assert set(ARTIFACT.mendable) == final
        gates = tuple(str(each.alias) for each in GateSwitches.model_fields.values())
        assert gates == options.GATES


def test_help_imports_nothing_heavy() -> None:
    program = f"""
import sys
from venture_cli.app import app
try:
    app(["artifact", "build", "--help"], prog_name="venture")
finally:
    print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "Build FILE in the cluster" in done.stdout
    assert done.stderr == "[]\n"


SLOW = (
    *("asyncpg", "cryptography", "kubernetes_asyncio", "nats", "obstore", "pydantic_settings"),
    *("rich", "sqlalchemy", "structlog", "venture_crds"),
)
"""What would make a command that only asks the cluster take longer than asking takes. (typer itself
brings pydantic, but builds no models of ours.)"""


@pytest.mark.parametrize(
    "command",
    [("list",), ("get", "x"), ("wait", "x"), ("suspend", "x"), ("retry", "x"), ("delete", "x")],
)
def test_asking_the_cluster_imports_nothing_slow(command: tuple[str, ...], tmp_path: Path) -> None:
    """How long it takes is measured by tests/bench/bench_imports.py."""
    body = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "x", "user": {"token": "t"}}],
    }
    (tmp_path / "config").write_text(json.dumps(body), encoding="utf-8")
    words = ["artifact", *command, "--kubeconfig", str(tmp_path / "config")]
    program = f"""
import sys
from venture_cli.app import app
try:
    app({words!r}, prog_name="venture")
finally:
    print(sorted({{name.partition(".")[0] for name in sys.modules}} & set({SLOW!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "the API server did not answer" in done.stderr
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("text", ["{", "a: [", "[1, 2]", "", "contexts: 7", "\x00"])
def test_a_broken_kubeconfig_is_no_defect(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text(text, encoding="utf-8")
    done = venture("artifact", "list", "--kubeconfig", str(path))
    assert done.exit_code == ExitCode.UNREACHABLE
    assert "error: no cluster is configured: " in done.stderr
    assert str(path) in done.stderr
    assert "defect" not in done.stderr


def test_the_version_has_an_option_of_its_own() -> None:
    done = venture("--version")
    assert (done.exit_code, done.stdout) == (ExitCode.OK, f"venture {version('venture-cli')}\n")


def test_the_page_of_commands_is_up_to_date() -> None:
    path = REPOSITORY / "docs" / "cli.md"
    page = path.read_text(encoding="utf-8")
    assert page == updated(page), "run: python -m venture_cli.reference docs/cli.md"


def test_kubectl_completes_our_words() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from venture_cli.completion import main; main()", "artifact", "re"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["retry", "resume", "render", ":0"]
