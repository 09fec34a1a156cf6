"""The native Kubernetes cluster of the development machine: `python3 hack/cluster <command>`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import apionly
import binaries
import images
import native
import release
import target
import verify
from progress import ClusterError


def main(arguments: list[str]) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except ClusterError as error:
        print(error.describe(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


# What takes no arguments: its name, what it does, how it is done.
_PLAIN = (
    ("venture-up", "everything from nothing to a launch: what `make up` runs", release.show),
    ("venture-down", "remove what venture-up made: what `make down` runs", release.down),
    (
        "venture-examples",
        "build one document of each kind and draw its pages: what `make examples` runs",
        release.examples,
    ),
    ("check", "the fast gate: what `make check` runs", verify.check),
    ("soak", "the tests that search for faults, for long", verify.soak),
    (
        "up",
        "start the native cluster, or what of it does not run; print its kubeconfig",
        lambda: print(native.up()),
    ),
    ("stop", "end all processes of the native cluster and keep its data", native.stop),
    (
        "down",
        "end the native cluster and remove every trace of it but the cache",
        native.down,
    ),
    (
        "status",
        "print as JSON which processes of the native cluster run",
        lambda: print(json.dumps(native.status(), indent=2)),
    ),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hack/cluster", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, what, run in _PLAIN:
        commands.add_parser(name, help=what).set_defaults(run=lambda _, run=run: run())
    _add_api(commands)

    test = commands.add_parser("test", help="every tier of tests: what `make test` runs")
    test.add_argument("tiers", nargs="*", metavar="tier", help=f"of {', '.join(verify.TIERS)}")
    test.set_defaults(run=lambda options: verify.test(options.tiers))

    build = commands.add_parser(
        "images", help="build images where they are missing; print their references as JSON"
    )
    build.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"of {', '.join(images.DOCKERFILES)}; default: those that every cluster needs",
    )
    build.add_argument(
        "--load", action="store_true", help="load them into the running native cluster, too"
    )
    build.set_defaults(run=_images)

    kind = commands.add_parser("kindcheck", help="check kind's configuration with kind's own types")
    kind.add_argument("file", nargs="?", type=Path, default=target.KIND_CONFIG)
    kind.set_defaults(run=lambda options: target.check_kind_config(options.file))

    programs = commands.add_parser(
        "programs", help="build a set of programs if needed; print their folder"
    )
    programs.add_argument("module", choices=binaries.modules())
    programs.set_defaults(run=lambda options: print(binaries.ensure(options.module)))
    return parser


def _add_api(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    api = commands.add_parser(
        "api", help="start etcd and an API server alone; print where they are as JSON"
    )
    api.add_argument("--dir", type=Path, required=True, help="folder of this instance")
    api.add_argument("--while-stdin", action="store_true", help="stop it when standard input ends")
    api.set_defaults(run=_api)

    api_stop = commands.add_parser("api-stop", help="stop what `api` started in the same folder")
    api_stop.add_argument("--dir", type=Path, required=True, help="folder of this instance")
    api_stop.set_defaults(run=lambda options: apionly.stop(options.dir.resolve()))


def _images(options: argparse.Namespace) -> None:
    if options.load:
        references = native.load_images(options.names)
    else:
        references = images.references(images.build_with_buildah(options.names))
    print(json.dumps(references))


def _api(options: argparse.Namespace) -> None:
    folder = options.dir.resolve()
    if options.while_stdin:
        apionly.serve(folder, until=sys.stdin)
    else:
        print(json.dumps(apionly.start(folder)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
