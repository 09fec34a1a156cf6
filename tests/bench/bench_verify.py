"""How fast an exported log is written and verified: `python tests/bench/bench_verify.py`.

It makes events of about 600 bytes, a bundle of them as folder and as archive, and verifies both
several times on one core: hash chains, Merkle tree, the signature of every checkpoint, and unless
`--no-strict` is given the form of every event. The processor time tells more than the clock where
other work shares the machine.
"""

import argparse
import statistics
import tempfile
import time
from contextlib import contextmanager
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from venture_core.events.bundle import BundleWriter, Entry, open_bundle, pack
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.merkle import Frontier, leaf_hashes
from venture_core.events.notes import NoteSigner
from venture_core.events.verify import verify_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

ORIGIN = "bench.example.com/record"
EVENT_BYTES = 600


def main() -> None:
    options = _options()
    signer = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bundle, archive = Path(folder, "bundle"), Path(folder, "bundle.tar")
        with _timed("made and written", options.events):
            _write(bundle, options, signer)
        pack(bundle, archive)
        print(f"{archive.stat().st_size / options.events:.0f} bytes of bundle per event")
        for path in (bundle, archive):
            _verify(path, options, signer)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--workflows", type=int, default=64)
    parser.add_argument("--checkpoint-every", type=int, default=1_000, metavar="EVENTS")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--strict", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--folder", help="where to put the bundle; default: the temporary folder")
    return parser.parse_args()


def _write(folder: Path, options: argparse.Namespace, signer: NoteSigner) -> None:
    frontier = Frontier()
    with BundleWriter(folder, origin=ORIGIN) as writer:
        for entries in batched(_entries(options), options.checkpoint_every, strict=False):
            writer.append(entries)
            frontier.extend(leaf_hashes(entry.logged for entry in entries))
            checkpoint = Checkpoint(ORIGIN, frontier.size, frontier.root())
            writer.add_checkpoint(sign_checkpoint(checkpoint, [signer]))
        writer.add_key(signer.verifier)
        writer.finish()


def _entries(options: argparse.Namespace) -> Iterator[Entry]:
    workflows = [uuid4() for _ in range(options.workflows)]
    heads = dict.fromkeys(workflows, ChainHead())
    for number in range(options.events):
        workflow = workflows[number % len(workflows)]
        before = heads[workflow]
        canonical = _event(number, workflow)
        head = heads[workflow] = before.append(canonical)
        yield Entry(canonical, head.seq, before.hash, head.hash, head.hash)


def _event(number: int, workflow: UUID) -> bytes:
    """An event's canonical bytes, put together by hand: it is not serialising that is measured."""
    head = (
        f'{{"created_at":"2026-11-23T06:40:18.123456Z","event_id":"{UUID(int=number)}",'
        f'"event_type":"artifact.build.started.v1","payload":{{"number":{number},"text":"'
    )
    tail = (
        '"},"policy_bundle_id":null,"source_service":"venture-orchestrator","task_id":null,'
        f'"trace_id":"{UUID(int=number)}","workflow_id":"{workflow}"}}'
    )
    return f"{head}{'x' * (EVENT_BYTES - len(head) - len(tail))}{tail}".encode()


def _verify(path: Path, options: argparse.Namespace, signer: NoteSigner) -> None:
    clock, processor = [], []
    for _ in range(options.rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        report = verify_bundle(open_bundle(path), [signer.verifier], strict=options.strict)
        clock.append(options.events / (time.perf_counter() - wall))
        processor.append(options.events / (time.process_time() - cpu))
        if not report.ok:
            raise SystemExit(f"the bundle does not verify: {report.finding}")
    print(
        f"{path.name}: verified {statistics.median(clock):,.0f} events/s "
        f"(best {max(clock):,.0f}); per second of one core {statistics.median(processor):,.0f} "
        f"(best {max(processor):,.0f}); {report.checkpoints} checkpoints"
    )


@contextmanager
def _timed(what: str, events: int) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{what}: {events / (time.perf_counter() - start):,.0f} events/s")


if __name__ == "__main__":
    main()
