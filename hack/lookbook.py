"""Pictures of what was built: of every page of files, and of all examples on one page of the docs.

    python hack/lookbook.py FOLDER   PNGs of the pages of the files there, into FOLDER/pages
    python hack/lookbook.py          docs/examples.md and its pictures, of examples that it builds

PDFs and pictures are drawn by what `venture artifact preview` draws with. Office files and SVG
become PDFs first, by LibreOffice; of videos ffmpeg gives a frame of every few seconds.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from venture_cli.domain.documents import read_source
from venture_cli.services.pagepixels import on_white
from venture_cli.services.rendering import render
from venture_core.artifacts.targets import extension_of
from venture_core.artifacts.viewing.files import file_pages
from venture_core.artifacts.viewing.look import Look
from venture_core.canonical import canonical_json, sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = REPOSITORY / "examples"
DOCS = REPOSITORY / "docs"
PAGE, PICTURES = "examples.md", Path("images") / "examples"
COMMAND = "python hack/lookbook.py"
_BY_OFFICE = frozenset((".docx", ".pptx", ".svg", ".xlsx"))
_AS_THEY_ARE = frozenset((".avif", ".jpeg", ".jpg", ".pdf", ".png", ".webp"))
_OFFICE_SECONDS = 120
_VIDEO, _FRAME_EVERY_SECONDS = ".mp4", 2.5
_WIDTH = 1200
_SHEET_WIDTH, _GAP, _COLORS = 720, 8, 64
_BETWEEN = "#C8CED6"
_INTRODUCTION = f"""# What comes out

One of each kind of document, as `make examples` builds it, with the files and a picture of every
page in `build/examples`. Shown are the first pages, and of a video a frame of every few seconds;
Office files are laid out by LibreOffice.

<!-- This page and its pictures are written by `{COMMAND}` -->
"""


class NoPagesError(Exception):
    """Nothing here shows the pages of a file; the message says what would."""


@dataclass(frozen=True)
class Example:
    """A manifest of the examples, and what can be said of it without building it."""

    manifest: Path
    kind: str
    target: str
    title: str
    digest: str
    """Of its document: another one is another picture."""

    @property
    def picture(self) -> Path:
        """Where its picture is, from the folder of the docs."""
        return PICTURES / f"{self.manifest.stem}.png"

    @property
    def section(self) -> str:
        """Return what the page says of it."""
        place = self.manifest.relative_to(REPOSITORY)
        return (
            f"\n## {self.manifest.stem}\n\n"
            f"[`{place}`](../{place}): {self.kind} as {self.target}\n\n"
            f"![{self.title}: its first pages]({self.picture.as_posix()})\n"
            f"<!-- document {self.digest} -->\n"
        )


def examples() -> list[Example]:
    """Return the examples of documents, those that `make examples` builds, in their order."""
    paths = [*EXAMPLES.glob("*-deck.yaml"), *(EXAMPLES / "artifacts").glob("*.yaml")]
    return [_example(path) for path in sorted(paths, key=lambda path: path.stem)]


def _example(path: Path) -> Example:
    source = read_source(path.read_bytes(), str(path))
    document = source.ir or {}
    return Example(
        path,
        str(document["kind"]),
        source.target(None),
        str(document["title"]),
        sha256_hex(canonical_json(document))[:16],
    )


def page(chosen: Sequence[Example]) -> str:
    """Return the page of the docs that shows the examples."""
    return _INTRODUCTION + "".join(each.section for each in chosen)


def write_docs(chosen: Sequence[Example], docs: Path, say: Callable[[str], None]) -> None:
    """Build the examples, and write their page and pictures into a folder of docs."""
    folder = docs / PICTURES
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for each in chosen:
        picture = docs / each.picture
        source = read_source(each.manifest.read_bytes(), str(each.manifest))
        made = render(source, {}, target=each.target, skipped_gates=(), origin=each.manifest.name)
        with tempfile.TemporaryDirectory() as temporary:
            file = Path(temporary) / f"{each.manifest.stem}.{extension_of(made.media_type)}"
            file.write_bytes(made.data)
            picture.write_bytes(sheet(pages_of(file)))
        say(f"{picture} ({picture.stat().st_size:,} bytes)")
    (docs / PAGE).write_text(page(chosen), encoding="utf-8")


def sheet(pages: Iterable[bytes]) -> bytes:
    """Put the first pages beside each other: as many as can be made out, in few colours."""
    shown = [on_white(each) for each in pages]
    columns = 3 if shown[0].height > shown[0].width else 2
    shown = shown[:3] if columns == 3 else shown[:6]
    columns = min(columns, len(shown))
    width = (_SHEET_WIDTH - (columns + 1) * _GAP) // columns
    small = [_shrunk(each, width) for each in shown]
    rows = [small[at : at + columns] for at in range(0, len(small), columns)]
    heights = [max(each.height for each in row) for row in rows]
    whole = Image.new("RGB", (_SHEET_WIDTH, sum(heights) + (len(rows) + 1) * _GAP), _BETWEEN)
    top = _GAP
    for row, height in zip(rows, heights, strict=True):
        for column, each in enumerate(row):
            whole.paste(each, (_GAP + column * (width + _GAP), top))
        top += height + _GAP
    file = io.BytesIO()
    whole.quantize(_COLORS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _shrunk(page: Image.Image, width: int) -> Image.Image:
    height = max(1, round(page.height * width / page.width))
    return page.resize((width, height), Image.Resampling.LANCZOS)


def write_pages(folder: Path, say: Callable[[str], None]) -> None:
    """Write a PNG of every page of the files of a folder, and say what has none."""
    pictures = folder / "pages"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir()
    for file in sorted(each for each in folder.iterdir() if each.is_file()):
        try:
            pages = pages_of(file)
        except NoPagesError as reason:
            say(f"{file.name}: {reason}")
            continue
        for number, png in enumerate(pages, start=1):
            (pictures / f"{file.stem}-{number:02}.png").write_bytes(png)
        say(f"{file.name}: {len(pages)} page(s) in {pictures}")


def pages_of(file: Path) -> list[bytes]:
    """Return the pages of a file as PNG. Raises NoPagesError where nothing here shows them."""
    if file.suffix in _AS_THEY_ARE:
        return [each.png for each in file_pages(file.read_bytes(), Look(_WIDTH))]
    if file.suffix == _VIDEO:
        return _frames_of(file)
    if file.suffix not in _BY_OFFICE:
        raise NoPagesError(f"nothing here turns a {file.suffix} into pages")
    office = shutil.which("soffice")
    if office is None:
        raise NoPagesError("LibreOffice, which lays it out, is not installed")
    with tempfile.TemporaryDirectory() as temporary:
        arguments = ["--headless", "--convert-to", "pdf", "--outdir", temporary, str(file)]
        profile = f"-env:UserInstallation=file://{temporary}/profile"
        done = subprocess.run(
            [office, profile, *arguments],
            capture_output=True,
            check=False,
            timeout=_OFFICE_SECONDS,
        )
        made = Path(temporary) / f"{file.stem}.pdf"
        if not made.exists():
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise NoPagesError(
                f"LibreOffice does not open it ({''.join(said)}): is all of it here?"
            )
        return pages_of(made)


def _frames_of(video: Path) -> list[bytes]:
    program = shutil.which("ffmpeg")
    if program is None:
        raise NoPagesError("ffmpeg, which reads it, is not installed")
    with tempfile.TemporaryDirectory() as temporary:
        some = f"fps=1/{_FRAME_EVERY_SECONDS}:round=down,scale={_WIDTH}:-2"
        command = [program, "-v", "error", "-i", str(video), "-vf", some, f"{temporary}/%03d.png"]
        subprocess.run(command, check=True, timeout=_OFFICE_SECONDS)
        return [path.read_bytes() for path in sorted(Path(temporary).iterdir())]


if __name__ == "__main__":
    if sys.argv[1:]:
        write_pages(Path(sys.argv[1]), print)
    else:
        write_docs(examples(), DOCS, print)
