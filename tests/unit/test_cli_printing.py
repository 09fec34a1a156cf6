"""Other people's text is shown harmlessly, by whatever command: there is one place that prints."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from venture_cli.domain.harmless import escaped_in_json, harmless, is_harmless, width
from venture_cli.domain.redaction import REDACTED, redacted_object, redacted_text
from venture_cli.domain.table import align, row
from venture_cli.errors import CliError
from venture_cli.views.failures import print_failure, print_traceback
from venture_cli.views.objects import print_object, print_objects, print_rows
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from venture_cli.domain.noun import Body

CLI = Path(__file__).resolve().parents[2] / "runtimes" / "cli" / "src" / "venture_cli"
HOSTILE = "\x1b[2K\rReady\n\u202eevil\u2066\x9b31m[red]x[/red]\u2028\ud800\U000e0041"
PRINTERS = {"views/terminal.py", "completion.py", "reference.py"}
"""The only modules that may write to the streams; the last two print nobody's text."""
DANGERS = ("\x1b", "\r", "\u202e", "\u2066", "\x9b", "\u2028", "\U000e0041")


def test_what_is_dangerous_is_spelled() -> None:
    assert harmless("a\x1b[31mb\nc\u202ed\t\x9b\U000e0041") == (
        r"a\x1b[31mb\nc\u202ed\t\x9b\U000e0041"
    )
    for plain in ("café", "日本語", "Ready: it is [so]", "emoji 👩\u200d🚀", "Ä́"):
        assert harmless(plain) == plain


@given(st.text(alphabet=st.characters()))
def test_whatever_comes_is_one_harmless_line(text: str) -> None:
    shown = harmless(text)
    assert is_harmless(shown)
    assert len(shown.splitlines()) <= 1
    assert harmless(shown) == shown


@given(st.recursive(st.text(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)))
def test_json_and_yaml_are_harmless_and_mean_the_same(value: object) -> None:
    """Surrogates are no text, and no API server gives any."""
    text = json.dumps(value, ensure_ascii=False)
    shown = escaped_in_json(text)
    assert json.loads(shown) == value
    assert is_harmless(shown)


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


def build(text: str) -> Body:
    condition = {"type": "Ready", "status": "False", "reason": text, "message": text}
    return {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": "a-deck", "namespace": "team", "generation": 1},
        "spec": {"target": "Pptx"},
        "status": {
            "phase": text,
            "observedGeneration": 1,
            "conditions": [condition],
            "artifact": {"uri": text},
            "gates": [{"name": text, "passed": False, "findings": [{"message": text}]}],
        },
    }


def test_every_view_shows_hostile_text_harmlessly(capsys: pytest.CaptureFixture[str]) -> None:
    from venture_cli.domain.artifact import ARTIFACT

    out().print(HOSTILE, ("styled " + HOSTILE, "bold red"))
    err().print(HOSTILE)
    print_rows(["NAME", "PHASE"], [[HOSTILE, HOSTILE]], styled="PHASE")
    print_failure(CliError(HOSTILE, details=(HOSTILE,), next_step=HOSTILE))
    print_traceback(ValueError(HOSTILE))
    print_object(build(HOSTILE), ARTIFACT, None)
    print_objects([build(HOSTILE)], ARTIFACT, "name", as_list=True)
    text = printed(capsys)
    assert [danger for danger in DANGERS if danger in text] == []
    # A line of an attacker's would begin like ours.
    assert not any(line.startswith(("evil", r"\u202eevil")) for line in text.splitlines())
    assert "[red]x[/red]" in text


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_structured_results_keep_their_meaning(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"key\u202e": HOSTILE.replace("\ud800", ""), "multi": "line\nline"}
    print_data(value, form)  # type: ignore[arg-type]
    text = printed(capsys)
    assert not any(danger in text for danger in DANGERS)
    assert (json.loads(text) if form == "json" else yaml.safe_load(text)) == value


def test_what_is_nested_too_deeply_is_said() -> None:
    value: list[object] = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(CliError, match="nested too deeply"):
        print_data(value, "yaml")


def test_a_terminal_without_unicode_is_no_defect() -> None:
    program = r"from venture_cli.views.terminal import out; out().print('caf\xe9 \u65e5')"
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", program],
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == rb"caf\xe9 \u65e5" + b"\n"


def test_nothing_prints_but_the_one_place() -> None:
    found = [
        f"{path.relative_to(CLI)}:{node.lineno}"
        for path in sorted(CLI.rglob("*.py"))
        if str(path.relative_to(CLI)) not in PRINTERS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _prints(node)
    ]
    assert found == []


def _prints(node: ast.AST) -> bool:
    """Whether this is `print`, `typer.echo`, a rich console, or a stream's `write`."""
    match node:
        case ast.Call(func=ast.Name(id="print" | "Console")):
            return True
        case ast.Call(func=ast.Attribute(attr="echo" | "secho")):
            return True
        case ast.Call(
            func=ast.Attribute(
                attr="write", value=ast.Attribute(attr="stdout" | "stderr", value=ast.Name("sys"))
            )
        ):
            return True
        case ast.ImportFrom(module=str(module)):
            return module in {"rich.console", "rich.text", "rich.markup", "rich"}
        case _:
            return False


def test_wide_characters_keep_columns_straight() -> None:
    assert (width("日本"), width("e\u0301"), width("ab")) == (4, 1, 2)
    first, second = align([row("日本", "x"), row("name", "x")])
    assert width(first[0]) == width(second[0])


def test_a_report_holds_no_secret() -> None:
    text = (
        "connect postgresql://venture:hunter2@db:5432/record failed; Bearer abc.def; "
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.sig password=hunter2&x "
        "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY----- "
        "https://s3/x?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=0abc"
    )
    shown = redacted_text(text)
    assert "hunter2" not in shown
    assert "abc.def" not in shown
    assert "AKIA" not in shown
    assert "0abc" not in shown
    assert f"postgresql://{REDACTED}@db:5432/record" in shown
    body = {
        "kind": "Deployment",
        "metadata": {"name": "x", "managedFields": [1], "annotations": {"a": "b"}},
        "env": [
            {"name": "VENTURE_POSTGRES_PASSWORD", "value": "hunter2"},
            {"name": "VENTURE_LOG_LEVEL", "value": "info"},
            {"name": "VENTURE_KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
    }
    kept = redacted_object(body)
    assert "hunter2" not in json.dumps(kept)
    assert kept["env"][1] == {"name": "VENTURE_LOG_LEVEL", "value": "info"}
    assert kept["env"][2] == body["env"][2]
    assert "managedFields" not in kept["metadata"]
    for kind in ("ConfigMap", "Secret"):
        config = {"kind": kind, "metadata": {"name": "c"}, "data": {"ir.json": "a deck"}}
        assert redacted_object(config)["data"] == ["ir.json"]
    ours = {"kind": "ArtifactBuild", "spec": {"source": {"inline": {"title": "mine"}}}}
    assert redacted_object(ours)["spec"] == {"source": {"inline": REDACTED}}
