"""How long a founder waits: `kubectl apply` to `kubectl wait` for builds, and for cache hits.

Run on an installed cluster: `KUBECONFIG=… .venv/bin/python tests/bench/bench_builds.py`. Prints
figures and passes no judgement; the targets are in docs/performance.md.
"""

import argparse
import json
import secrets
import statistics
import subprocess
import time
from typing import Any

type Body = dict[str, Any]


def main() -> None:
    """Measure, print, clean up."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--slides", type=int, default=9)
    rounds, slides = (given := options.parse_args()).rounds, given.slides
    namespace = f"bench-{secrets.token_hex(4)}"
    kubectl("create", "namespace", namespace)
    try:
        measure(namespace, "warm-up", deck(slides))
        documents = [deck(slides) for _ in range(rounds)]
        show("build", [measure(namespace, f"b-{n}", each) for n, each in enumerate(documents)])
        show("cache hit", [measure(namespace, f"h-{n}", each) for n, each in enumerate(documents)])
        show("kubectl alone", [apply_and_wait_floor(namespace) for _ in range(rounds)])
    finally:
        kubectl("delete", "namespace", namespace, "--wait=false")


def measure(namespace: str, name: str, document: Body) -> float:
    """Apply a build and wait until it is Ready; return the seconds both commands took."""
    manifest = {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"target": "Pptx", "source": {"inline": document}},
    }
    started = time.monotonic()
    kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    wait = ("wait", "--for=condition=Ready", f"artifactbuild/{name}", "--timeout=60s")
    kubectl("-n", namespace, *wait)
    return time.monotonic() - started


def apply_and_wait_floor(namespace: str) -> float:
    """Return what the two commands cost when there is nothing to wait for."""
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"floor-{secrets.token_hex(4)}", "namespace": namespace},
    }
    started = time.monotonic()
    kubectl("apply", "-f", "-", stdin=json.dumps(config_map))
    kubectl("-n", namespace, "wait", "--for=condition=Ready", "artifactbuild/warm-up")
    return time.monotonic() - started


def deck(slides: int) -> Body:
    """Return a document that nobody built before."""
    title = f"Bench {secrets.token_hex(8)}"
    bullets = [{"text": f"Point {number}"} for number in range(4)]
    pages = [
        {"type": "bullets", "title": f"{title} {number}", "bullets": bullets}
        for number in range(slides)
    ]
    return {"kind": "SlideSpec", "version": 1, "title": title, "slides": pages}


def show(what: str, seconds: list[float]) -> None:
    """Print minimum, median, 95th percentile and maximum."""
    ordered = sorted(seconds)
    p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
    print(
        f"{what:14} n={len(ordered)}  min {ordered[0]:.2f} s  median "
        f"{statistics.median(ordered):.2f} s  p95 {p95:.2f} s  max {ordered[-1]:.2f} s"
    )


def kubectl(*arguments: str, stdin: str | None = None) -> None:
    """Run kubectl; a failure ends the measurement with its words."""
    subprocess.run(
        ["kubectl", *arguments], input=stdin, text=True, check=True, stdout=subprocess.DEVNULL
    )


if __name__ == "__main__":
    main()
