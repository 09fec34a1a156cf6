"""What PDFs, pictures and boards take: `python tests/bench/bench_pages.py`.

For each kind a small, a medium and a large document, rendered several times in a process of its
own: processor seconds of the median and the slowest run, and the most memory the process had. The
processor's time, since other work shares the machine. Beside them reportlab's own table and a plain
page of weasyprint's, as somebody would write them by hand.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from typing import Any, Final

type Make = Callable[[int], dict[str, Any]]

SIZES: Final = {
    "report, rows": (100, 1000, 10_000),
    "deck as PDF, slides": (10, 50, 200),
    "board as SVG, nodes": (10, 50, 200),
    "board as PNG, nodes": (10, 50, 100),
    "picture as PNG, megapixels": (1, 4, 16),
    "reportlab's table by hand, rows": (100, 1000, 10_000),
    "text as PDF, rows of its table": (50, 250, 1000),
    "weasyprint by hand, rows of its table": (50, 250, 1000),
}
RUN: Final = """
import resource, sys, time
sys.path[:0] = ["tests/bench", "tests/support"]
import bench_pages
work = bench_pages.work(sys.argv[1], int(sys.argv[2]))
work()
seconds = []
for _ in range(int(sys.argv[3])):
    began = time.process_time()
    size = work()
    seconds.append(time.process_time() - began)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
import json
print(json.dumps([seconds, peak, size]))
"""


def report(rows: int) -> dict[str, Any]:
    """Return a report of one grid."""
    columns = [{"header": name} for name in ("Number", "Customer", "Due", "Amount")]
    lines = [
        [f"INV-{n}", f"Customer {n % 97}", "2026-10-01", n * 7919 % 90_000] for n in range(rows)
    ]
    grid = {"type": "grid", "columns": columns, "rows": lines}
    return {"kind": "ReportSpec", "version": 1, "title": "Report", "blocks": [grid]}


def deck(slides: int) -> dict[str, Any]:
    """Return a deck of lists and charts in turn."""
    bullets = {"type": "bullets", "title": "Points", "bullets": [{"text": "A point"}] * 5}
    series = [{"name": "s", "values": [1, 2, 3, 4]}]
    chart = {"type": "bar", "categories": ["a", "b", "c", "d"], "series": series}
    drawn = {"type": "chart", "title": "Chart", "chart": chart, "altText": "x"}
    pages = [bullets, drawn] * (slides // 2)
    return {"kind": "SlideSpec", "version": 1, "title": "Deck", "slides": pages}


def board(nodes: int, form: str) -> dict[str, Any]:
    """Return a board whose every node leads to two others."""
    names = [{"id": f"n{n}", "label": f"Node {n}"} for n in range(nodes)]
    joined = [(n, (n * k + 1) % nodes) for n in range(nodes) for k in (2, 3)]
    edges = [{"source": f"n{a}", "target": f"n{b}"} for a, b in joined if a != b]
    spec = {"kind": "BoardSpec", "version": 1, "title": "Board", "altText": "x", "format": form}
    return spec | {"nodes": names, "edges": edges}


def picture(megapixels: int) -> dict[str, Any]:
    """Return a picture of areas and text."""
    side = {1: 1000, 4: 2000, 16: 4000}[megapixels]
    at = {"left": side // 8, "top": side // 8, "width": side // 2, "height": side // 2}
    layers = [
        {"type": "shape", "at": at, "color": "surface", "radius": 40},
        {"type": "text", "at": at, "text": "Words that fit their place", "size": side // 8},
    ]
    spec = {"kind": "ImageSpec", "version": 1, "title": "Picture", "altText": "x"}
    return spec | {"width": side, "height": side, "layers": layers}


def by_hand(rows: int) -> int:
    """Write the same grid with reportlab's flowables; return its size."""
    import io

    from reportlab.lib import colors
    from reportlab.platypus import SimpleDocTemplate, Table

    lines = report(rows)["blocks"][0]["rows"]
    table = Table([["Number", "Customer", "Due", "Amount"], *lines], repeatRows=1)
    table.setStyle([("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, colors.whitesmoke])])
    file = io.BytesIO()
    SimpleDocTemplate(file).build([table])
    return len(file.getvalue())


def text(rows: int) -> dict[str, Any]:
    """Return a text whose table has the rows of the report."""
    lines = [[str(cell) for cell in row] for row in report(rows)["blocks"][0]["rows"]]
    columns = [{"header": name} for name in ("Number", "Customer", "Due", "Amount")]
    table = {"type": "table", "columns": columns, "rows": lines, "altText": "x"}
    return {"kind": "DocSpec", "version": 1, "title": "Text", "content": [table]}


def by_weasyprint(rows: int) -> int:
    """Write the same table with weasyprint as it comes, in the machine's fonts; return its size."""
    import warnings

    warnings.simplefilter("ignore")
    import weasyprint

    lines = "".join(
        f"<tr>{''.join(f'<td>{cell}' for cell in row)}" for row in text(rows)["content"][0]["rows"]
    )
    head = "<thead><tr><th>Number<th>Customer<th>Due<th>Amount</thead>"
    return len(weasyprint.HTML(string=f"<table>{head}<tbody>{lines}</table>").write_pdf())


def work(what: str, size: int) -> Callable[[], int]:
    """Return what makes one file of that kind and size, and says how large it is."""
    from artifactexamples import compiled

    kinds: dict[str, tuple[Make, str]] = {
        "report, rows": (report, "Pdf"),
        "deck as PDF, slides": (deck, "Pdf"),
        "board as SVG, nodes": (lambda nodes: board(nodes, "svg"), "Image"),
        "board as PNG, nodes": (lambda nodes: board(nodes, "png"), "Image"),
        "picture as PNG, megapixels": (picture, "Image"),
        "text as PDF, rows of its table": (text, "Pdf"),
    }
    if what not in kinds:
        hand = by_weasyprint if what.startswith("weasyprint") else by_hand
        return lambda: hand(size)
    make, target = kinds[what]
    document = json.dumps(make(size)).encode()
    return lambda: len(compiled(document, target).data)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="words in the names of those to measure")
    asked = parser.parse_args()
    runs = asked.runs
    print(f"{'':38} {'size':>7} {'median':>8} {'slowest':>8} {'peak':>8} {'file':>9}")
    chosen = {what: sizes for what, sizes in SIZES.items() if asked.only in what}
    for what, sizes in chosen.items():
        for size in sizes:
            command = [sys.executable, "-c", RUN, what, str(size), str(runs)]
            seconds, peak, length = json.loads(subprocess.check_output(command))
            print(
                f"{what:38} {size:>7,} {median(seconds):6.2f} s {max(seconds):6.2f} s "
                f"{peak:>4} MiB {length / 1024:>5.0f} KiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
