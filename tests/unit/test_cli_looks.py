"""venture artifact preview and diff, of files and documents on this machine."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from artifactexamples import FOLDER, compiled, compiled_example, example
from PIL import Image
from typer.testing import CliRunner, Result
from venture_cli.app import app
from venture_cli.errors import ExitCode

type Body = dict[str, Any]

LOGO = Path(__file__).parent / "data" / "cli-logo.png"


@pytest.fixture(autouse=True)
def no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, where no cluster is configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "there-is-none"))


def venture(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["artifact", *arguments])


def written(name: str, body: object) -> str:
    Path(name).write_text(json.dumps(body), encoding="utf-8")
    return name


def deck(*slides: Body, **fields: object) -> Body:
    return {"kind": "SlideSpec", "version": 1, "title": "A deck", "slides": list(slides), **fields}


def bullets(title: str, *points: str) -> Body:
    return {"type": "bullets", "title": title, "bullets": [{"text": each} for each in points]}


def sizes(folder: str) -> dict[str, int]:
    found = {}
    for path in sorted(Path(folder).iterdir()):
        with Image.open(path) as image:
            found[path.name] = image.width
    return found


class TestPreview:
    """`artifact preview` saves pages where no terminal can show them."""

    @pytest.mark.parametrize("kind", ["DocSpec", "HtmlSpec"])
    def test_what_cannot_be_laid_out_is_told(
        self, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("venture_core.artifacts.paged.pdf.MAX_PAGES", 1)
        two_pages: Body = {
            "DocSpec": {"content": [{"type": "paragraph", "text": "x"}, {"type": "pageBreak"}] * 2},
            "HtmlSpec": {"html": '<p style="break-after: page">one</p><p>two</p>'},
        }[kind]
        body = {"kind": kind, "version": 1, "title": "Two pages", **two_pages}
        done = venture("preview", written("pages.json", body), "--target", "Pdf")
        assert done.exit_code == ExitCode.BUILD_FAILED, done.stderr
        assert "more than 1 pages" in done.stderr

    def test_a_pdf(self) -> None:
        Path("report.pdf").write_bytes(compiled_example("treasury-report").data)
        done = venture("preview", "report.pdf", "--pages", "1-2", "--width", "200")
        assert done.exit_code == ExitCode.OK, done.stderr
        assert sizes("report-pages") == {"page-001.png": 200, "page-002.png": 200}
        assert done.stdout.startswith("saved 2 of ")
        assert done.stderr == ""

    def test_a_deck_is_drawn_as_it_was_planned(self) -> None:
        file = written("deck.json", deck(bullets("One", "a"), bullets("Two", "b")))
        done = venture("preview", file, "-o", "pages", "--width", "300", "--format", "json")
        assert done.exit_code == ExitCode.OK, done.stderr
        assert json.loads(done.stdout) == {
            "of": "plan",
            "count": 2,
            "pages": [
                {"page": 1, "file": "pages/page-001.png"},
                {"page": 2, "file": "pages/page-002.png"},
            ],
        }
        assert sizes("pages") == {"page-001.png": 300, "page-002.png": 300}
        done = venture("preview", file, "--target", "Pdf", "-o", "again", "--format", "name")
        assert done.stdout == "again/page-001.png\nagain/page-002.png\n"

    def test_what_does_not_pass_its_gates_can_be_seen(self) -> None:
        picture = {"type": "image", "title": "A picture", "image": "logo"}
        file = written("deck.json", deck(picture))
        done = venture("preview", file, "--asset", f"logo={LOGO}", "--width", "100")
        assert done.exit_code == ExitCode.OK, done.stderr
        assert sizes("deck-pages") == {"page-001.png": 100}
        assert "drawn from the document as its file is planned" in done.stderr

    @pytest.mark.parametrize("name", ["launch-card", "order-board"])
    def test_pictures(self, name: str) -> None:
        done = venture("preview", str(FOLDER / f"{name}.yaml"), "-o", ".", "--width", "400")
        assert done.exit_code == ExitCode.OK, done.stderr
        assert sizes(".") == {"page-001.png": 400}

    @pytest.mark.parametrize(
        ("arguments", "code", "sentence"),
        [
            (("deck.json", "--pages", "0"), ExitCode.USAGE, "does not say which pages"),
            (("deck.json", "--pages", "3-2"), ExitCode.USAGE, "3-2 ends before it begins"),
            (("deck.json", "--pages", "9"), ExitCode.USAGE, "it has 1 page, and none of those"),
            (("deck.json", "--width", "9"), ExitCode.USAGE, "greater than or equal to 16"),
            (("deck.json", "-o", "deck.json"), ExitCode.FAILURE, "cannot make the folder"),
            (("memo.json",), ExitCode.USAGE, "memo.json has no pages: a Docx is laid out by"),
            (("deck.pptx",), ExitCode.USAGE, "deck.pptx cannot be looked at: an Office file"),
            (("text.txt",), ExitCode.BUILD_FAILED, "text.txt is not a valid document"),
            (("none.pdf",), ExitCode.UNREACHABLE, "no cluster is configured"),
        ],
    )
    def test_what_cannot_be_seen_is_said(
        self, arguments: tuple[str, ...], code: ExitCode, sentence: str
    ) -> None:
        body = deck(bullets("One", "a"))
        written("deck.json", body)
        Path("memo.json").write_bytes(example("launch-memo").document)
        Path("deck.pptx").write_bytes(compiled(body, "Pptx").data)
        Path("text.txt").write_text("hello", encoding="utf-8")
        done = venture("preview", *arguments)
        assert (done.exit_code, sentence in done.stderr) == (code, True), done.stderr
        assert done.stdout == ""


class TestDiff:
    """`artifact diff` says what changed, in words and as data."""

    BEFORE = deck(
        bullets("Why now", "The market grows", "We have the team"),
        bullets("What it costs", "£1.2M for the first year", "£0.4M after that"),
        bullets("Plan B", "We wait"),
        bullets("Thanks", "Questions?"),
    )
    AFTER = deck(
        bullets("Thanks", "Questions?"),
        bullets("Why now", "The market grows", "We have the team", "And the product"),
        bullets("What it costs", "£1.4M for the first year", "£0.4M after that"),
        bullets("Appendix", "Numbers"),
        theme={"palette": "Ember"},
    )

    def test_a_deck_slide_by_slide(self) -> None:
        done = venture("diff", written("a.json", self.BEFORE), written("b.json", self.AFTER))
        assert done.exit_code == ExitCode.OK, done.stderr
        assert done.stdout.splitlines() == [
            "document",
            "  theme, palette: “Harbor” → “Ember”",
            "slide 1 “Thanks”, was slide 4, moved",
            "slide 2 “Why now”, was slide 1",
            "  bullet 3: new “And the product”",
            "slide 3 “What it costs”, was slide 2",
            "  bullet 1: “£1.2M for the first year” → “£1.4M for the first year”",
            "slide 3 “Plan B” is gone",
            "slide 4 “Appendix” is new",
        ]

    def test_as_data(self) -> None:
        files = written("a.json", self.BEFORE), written("b.json", self.AFTER)
        done = venture("diff", *files, "-o", "json")
        found = json.loads(done.stdout)
        assert (found["by"], found["pages"], found["beside"]) == ("documents", None, [])
        assert found["changes"][3] == {
            "part": "slide",
            "title": "What it costs",
            "before": 2,
            "after": 3,
            "moved": False,
            "details": [
                {
                    "at": ["bullets", 1, "text"],
                    "before": "£1.2M for the first year",
                    "after": "£1.4M for the first year",
                }
            ],
        }

    @pytest.mark.parametrize("name", [path.stem for path in sorted(FOLDER.glob("*.yaml"))])
    def test_what_says_the_same_has_no_changes(self, name: str) -> None:
        file = str(FOLDER / f"{name}.yaml")
        Path("same.json").write_bytes(example(name).document)
        done = venture("diff", file, "same.json")
        assert (done.exit_code, done.stdout) == (ExitCode.OK, "the documents say the same\n")

    def test_other_bytes_of_a_picture_show(self) -> None:
        picture = {"type": "image", "title": "A picture", "image": "logo"}

        def manifest(digit: str) -> Body:
            reference = {"key": "logo.png", "sha256": digit * 64}
            return {
                "apiVersion": "venture.parpour.dev/v1alpha1",
                "kind": "ArtifactBuild",
                "metadata": {"name": "x"},
                "spec": {
                    "target": "Pptx",
                    "source": {"inline": deck(bullets("One", "a"), picture)},
                    "assets": [{"name": "logo", "objectRef": reference}],
                },
            }

        done = venture("diff", written("a.json", manifest("a")), written("b.json", manifest("b")))
        assert done.exit_code == ExitCode.OK, done.stderr
        heading, detail = done.stdout.splitlines()
        assert heading == "slide 2 “A picture”"
        assert detail.startswith("  image: “logo (sha256:aaa")
        assert " → “logo (sha256:bbb" in detail

    def test_files_are_compared_page_by_page_with_pictures(self) -> None:
        for name, body in (("a", self.BEFORE), ("b", self.AFTER | {"theme": {}})):
            Path(f"{name}.pdf").write_bytes(compiled(body, "Pdf").data)
        done = venture("diff", "a.pdf", "b.pdf", "--pictures", "seen", "-o", "yaml")
        assert done.exit_code == ExitCode.OK, done.stderr
        found = yaml.safe_load(done.stdout)
        assert (found["by"], found["changes"]) == ("pages", None)
        names = [Path(each["file"]).name for each in found["pages"]]
        assert sorted(path.name for path in Path("seen").iterdir()) == sorted(names)
        assert names == ["page-001.png", "page-002.png", "page-003.png", "page-004.png"]
        with Image.open("seen/page-001.png") as image:
            assert image.width > 2 * 1200
            assert any(
                color == (208, 52, 44) for _, color in image.convert("RGB").getcolors(1 << 24) or ()
            )

    def test_a_page_more_is_one_page_more(self) -> None:
        more = deck(self.BEFORE["slides"][0], bullets("New", "x"), *self.BEFORE["slides"][1:])
        footer = {"footer": {"slideNumbers": False}}
        for name, body in (("a", self.BEFORE), ("b", more)):
            Path(f"{name}.pdf").write_bytes(compiled(body | footer, "Pdf").data)
        done = venture("diff", "a.pdf", "b.pdf")
        assert done.stdout == "page 2 is new\n"
        done = venture("diff", "b.pdf", "a.pdf")
        assert done.stdout == "page 2 is gone\n"
        done = venture("diff", "a.pdf", "a.pdf")
        assert done.stdout == "no page looks otherwise\n"

    def test_a_document_and_a_file_are_compared_by_their_pages(self) -> None:
        written("a.json", self.BEFORE)
        Path("a.pdf").write_bytes(compiled(self.BEFORE, "Pdf").data)
        done = venture("diff", "a.json", "a.pdf", "--target", "Pdf")
        assert (done.exit_code, done.stdout) == (ExitCode.OK, "no page looks otherwise\n")

    def test_what_cannot_be_compared_is_said(self) -> None:
        Path("memo.json").write_bytes(example("launch-memo").document)
        done = venture("diff", written("a.json", self.BEFORE), "memo.json")
        assert done.exit_code == ExitCode.USAGE
        assert "memo.json has no pages" in done.stderr


def test_side_by_side_keeps_pages_of_other_sizes() -> None:
    for name, size in (("a", (40, 30)), ("b", (50, 20))):
        file = io.BytesIO()
        Image.new("RGB", size, "white").save(file, "PNG")
        Path(f"{name}.png").write_bytes(file.getvalue())
    done = venture("diff", "a.png", "b.png", "--pictures", ".")
    assert done.stdout == "page 1 looks otherwise\n  page-001.png\n"
    with Image.open("page-001.png") as image:
        assert image.size == (2 * 50 + 16, 30)
