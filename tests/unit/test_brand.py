"""A theme that many documents share: read, checked, and laid under documents of every kind."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from artifactexamples import FOLDER, compiled, example
from surroundings import REPOSITORY
from typer.testing import CliRunner
from venture_cli.app import app
from venture_cli.domain.documents import read_source
from venture_cli.errors import ExitCode
from venture_core.artifacts.colors import Role, color_scheme
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.ir import InvalidIRError, PaletteName
from venture_core.artifacts.ir.brand import LOGO, MAX_BRAND_BYTES, branded, parse_brand

type Body = dict[str, Any]

PNG = base64.b64encode((Path(__file__).parent / "data" / "cli-logo.png").read_bytes()).decode()
HOUSE: Body = {
    "version": 1,
    "palette": "Evergreen",
    "colors": {"primary": "#14532D"},
    "fonts": {"heading": "Cambria"},
    "logo": PNG,
    "footer": "Larkfield",
}
DECK: Body = {
    "kind": "SlideSpec",
    "version": 1,
    "title": "A deck",
    "slides": [{"type": "title", "title": "A deck"}],
}
MANIFESTS = list(yaml.safe_load_all((REPOSITORY / "examples" / "house-style.yaml").read_text()))


def laid(document: Body, house: Body = HOUSE) -> Body:
    under = branded(json.dumps(document).encode(), parse_brand(json.dumps(house).encode()))
    found: Body = json.loads(under)
    return found


def problems(house: Body) -> list[tuple[str, str]]:
    with pytest.raises(InvalidIRError) as caught:
        parse_brand(json.dumps(house).encode())
    return [(each.pointer, each.message) for each in caught.value.problems]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_it_is_laid_under_documents_of_every_kind(path: Path) -> None:
    """Every gate passes, and what comes of it is no more than a document."""
    chosen = example(path.stem)
    document = json.loads(chosen.document) | {"theme": {}}
    under = laid(document)
    assert color_scheme(parse_ir(json.dumps(under).encode()).theme).values[Role.PRIMARY] == "14532D"
    if chosen.target == "Video":
        return  # a deck's slides; encoding them is the integration tier's, which has ffmpeg
    made = compiled(under, chosen.target)
    assert made.data == compiled(laid(document), chosen.target).data
    assert made.data != compiled(document, chosen.target).data


def test_it_is_what_the_document_could_have_said_itself() -> None:
    theme = {
        "palette": "Evergreen",
        "colors": {"primary": "#14532D"},
        "fonts": {"heading": "Cambria"},
        "logo": LOGO,
    }
    by_hand = DECK | {"theme": theme, "assets": [{"name": LOGO, "data": PNG}]}
    by_hand["footer"] = {"text": "Larkfield"}
    assert parse_ir(json.dumps(laid(DECK)).encode()) == parse_ir(json.dumps(by_hand).encode())


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        ({"palette": "Ember"}, {"palette": "Ember", "fonts": {"heading": "Cambria"}}),
        (
            {"colors": {"text": "#000000"}},
            {
                "palette": "Evergreen",
                "colors": {"primary": "#14532D", "text": "#000000"},
                "fonts": {"heading": "Cambria"},
            },
        ),
        (
            {"fonts": {"heading": "Arial"}, "colors": {"primary": "#000000"}},
            {
                "palette": "Evergreen",
                "colors": {"primary": "#000000"},
                "fonts": {"heading": "Arial"},
            },
        ),
    ],
)
def test_what_a_document_says_itself_counts(own: Body, kept: Body) -> None:
    assert laid(DECK | {"theme": own}, HOUSE | {"logo": None})["theme"] == kept


def test_a_footer_and_a_logo_of_its_own_stay() -> None:
    own = DECK | {
        "footer": {"text": "Ours", "slideNumbers": False},
        "theme": {"logo": "ours"},
        "assets": [{"name": "ours", "data": PNG}],
    }
    under = laid(own)
    assert under["footer"] == own["footer"]
    assert under["theme"]["logo"] == "ours"
    assert under["assets"] == own["assets"]


def test_wrong_documents_are_left_for_those_who_read_them() -> None:
    for broken in ({"theme": 1}, {"theme": {"colors": 7}}, {"assets": {}}, {"footer": []}):
        with pytest.raises(InvalidIRError):
            parse_ir(json.dumps(laid(DECK | broken)).encode())
    for text in (b"[]", b"1", b"{", b"\xff"):
        with pytest.raises(InvalidIRError):
            branded(text, parse_brand(json.dumps(HOUSE).encode()))
    assert branded(b'{"a": "\\ud800"}', parse_brand(b'{"version": 1}')) == b'{"a": "\\ud800"}'


@pytest.mark.parametrize("palette", PaletteName)
def test_the_bundled_palettes_stand_out(palette: PaletteName) -> None:
    assert parse_brand(json.dumps({"version": 1, "palette": palette}).encode()).palette == palette


@pytest.mark.parametrize(
    ("change", "pointer", "sentence"),
    [
        ({"version": 2}, "/version", "another form"),
        ({"palette": "Pink"}, "/palette", "not among those allowed"),
        ({"logo": "x"}, "/logo", "do not decode"),
        ({"logo": base64.b64encode(b"GIF89a").decode()}, "/logo", "the data are none"),
        ({"footer": "two\nlines"}, "/footer", "another form"),
        ({"colours": {}}, "/colours", "misspelt"),
        ({"colors": {"text": "#DDDDDD"}}, "/colors", "text on background, #DDDDDD on #FFFFFF"),
        ({"colors": {"muted": "#B0B0B0"}}, "/colors", "muted on background, #B0B0B0 on #FFFFFF"),
        (
            {"colors": {"accents": ["#F0F0A0", "#1D5C8A", "#B4560E", "#6B4E9B", "#A63D57"]}},
            "/colors",
            "accents[0] on background, #F0F0A0 on #FFFFFF, has a contrast of 1.19:1",
        ),
        ({"colors": {"surface": "#17261E"}}, "/colors", "text on surface"),
    ],
)
def test_what_is_wrong_is_named(change: Body, pointer: str, sentence: str) -> None:
    found, *_ = problems(HOUSE | change)
    assert found[0] == pointer
    assert sentence in found[1]


def test_it_is_bounded() -> None:
    with pytest.raises(InvalidIRError, match=f"at most {MAX_BRAND_BYTES} bytes"):
        parse_brand(b" " * (MAX_BRAND_BYTES + 1))


class TestCommandLine:
    """A theme by `--theme`, and one that stands beside its build."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def test_the_example_holds_a_theme_that_its_builds_use(self) -> None:
        house, *builds = MANIFESTS
        for build in builds:
            text = yaml.safe_dump_all([house, build])
            source = read_source(text.encode(), "house.yaml")
            assert source.ir is not None
            assert source.ir["footer"] == {"text": "Larkfield · Confidential"}
            compiled(source.ir, build["spec"]["target"])

    def test_render_and_preview_take_a_file(self) -> None:
        Path("deck.json").write_text(json.dumps(DECK), encoding="utf-8")
        Path("house.yaml").write_text(yaml.safe_dump(HOUSE), encoding="utf-8")
        done = run("render", "deck.json", "--theme", "house.yaml", "-o", "deck.pptx")
        assert done.exit_code == ExitCode.OK, done.stderr
        assert Path("deck.pptx").read_bytes() == compiled(laid(DECK), "Pptx").data
        done = run("preview", "deck.json", "--theme", "house.yaml", "--width", "64")
        assert done.exit_code == ExitCode.OK, done.stderr

    def test_a_theme_that_is_elsewhere_has_to_be_given(self) -> None:
        house, build, _ = MANIFESTS
        Path("build.yaml").write_text(yaml.safe_dump(build), encoding="utf-8")
        done = run("render", "build.yaml", "-o", "x.pptx")
        assert done.exit_code == ExitCode.USAGE
        assert "next: Give its file with --theme FILE." in done.stderr
        Path("house.yaml").write_text(yaml.safe_dump(house), encoding="utf-8")
        done = run("render", "build.yaml", "--theme", "house.yaml", "-o", "x.pptx")
        assert done.exit_code == ExitCode.OK, done.stderr
        Path("both.yaml").write_text(yaml.safe_dump_all([house, build]), encoding="utf-8")
        assert run("render", "both.yaml", "-o", "y.pptx").exit_code == ExitCode.OK
        assert Path("x.pptx").read_bytes() == Path("y.pptx").read_bytes()

    def test_a_theme_that_nobody_could_read_is_refused(self) -> None:
        Path("deck.json").write_text(json.dumps(DECK), encoding="utf-8")
        pale = HOUSE | {"colors": {"text": "#DDDDDD"}}
        Path("pale.json").write_text(json.dumps(pale), encoding="utf-8")
        done = run("render", "deck.json", "--theme", "pale.json", "-o", "x.pptx")
        assert done.exit_code == ExitCode.BUILD_FAILED
        assert "pale.json is not a valid theme" in done.stderr
        assert "text on background, #DDDDDD on #FFFFFF" in done.stderr


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["artifact", *arguments])
