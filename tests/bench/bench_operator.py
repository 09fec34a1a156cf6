"""What the operator takes: `.venv/bin/python tests/bench/bench_operator.py [--small]`.

It starts an API server, a Postgres and an S3 server of its own and one operator, all on this
machine, and prints its memory with finished builds, after objects that are far too large and with
large uploads, and its processor time for a burst of builds, each of which gets a Job and a status.
No kubelet runs. `--small` is a few minutes; 10,000 finished builds alone take as long to make.
"""

import argparse
import asyncio
import json
import secrets
import subprocess
import sys
import time
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from benchplace import CLUSTER, api_server, define, public_folder
from builds import Builds, condition, patiently, unique_deck
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from kubelet import Kubelet, upload
from operatorprocess import OperatorProcess
from recordservers import PostgresServer
from surroundings import free_port
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, Resource
from venture_core.objectstore import S3Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

type Body = dict[str, Any]

NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
USUAL = {"finished": 10_000, "large": 40, "decks": 10, "burst": 200}
SMALL = {"finished": 1000, "large": 10, "decks": 5, "burst": 100}
AT_ONCE = 16
UPLOADS_AT_ONCE = 2
"""How many decks go to the S3 server at a time: it is not what is measured."""
RESYNC_SECONDS = 30
MIB = 1024 * 1024
DECK_BYTES = 99 * MIB // 2
LIE_BYTES = 250 * MIB


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--small", action="store_true", help="smaller numbers, by default")
    for name, usual in USUAL.items():
        options.add_argument(f"--{name}", type=int, help=f"{usual}, small: {SMALL[name]}")
    given = vars(options.parse_args())
    numbers = SMALL if given.pop("small") else USUAL
    asked = {name: number for name, number in given.items() if number is not None}
    asyncio.run(measure(**(numbers | asked)))


async def measure(finished: int, large: int, decks: int, burst: int) -> None:
    """Run everything there is to run, and one operator on it."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(public_folder())
        kubeconfig = stack.enter_context(api_server(folder))
        s3 = stack.enter_context(s3_server(folder))
        postgres = PostgresServer(stack.enter_context(public_folder()))
        await postgres.start()
        stack.callback(postgres.stop)
        client = await stack.enter_async_context(KubernetesClient.from_kubeconfig(str(kubeconfig)))
        namespace = await prepare(client)
        (folder / "key.pem").write_bytes(
            Ed25519PrivateKey.generate().private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            )
        )
        operator = OperatorProcess(
            kubeconfig=kubeconfig,
            namespace=namespace,
            s3=s3,
            signing_key=folder / "key.pem",
            log=folder / "operator.log",
            work_namespace=f"{namespace}-work",
            database=await postgres.create_database(),
            resync_seconds=RESYNC_SECONDS,
            jobs_at_once="10000",
            jobs_per_namespace="10000",
        )
        builds = Builds(client, namespace)
        await with_finished(operator, builds, finished)
        await with_large(operator, builds, large)
        kubelet = Kubelet(client, f"{namespace}-work")
        await with_uploads(operator, builds, kubelet, decks)
        await with_burst(operator, builds, burst)
        await operator.terminate()


async def with_finished(operator: OperatorProcess, builds: Builds, count: int) -> None:
    """Show what finished builds cost that were there before the operator started."""
    inline = unique_deck(60)
    await each(count, lambda number: finish(builds, f"finished-{number}", inline))
    started = time.monotonic()
    await operator.start()
    await until_leading(operator)
    await at_rest(operator)
    show(
        f"{count} finished builds",
        operator,
        f"at rest after {time.monotonic() - started:.0f} s",
    )
    before = operator.cpu_seconds()
    await asyncio.sleep(2 * RESYNC_SECONDS)
    show("two resyncs later", operator, f"{operator.cpu_seconds() - before:.1f} s of CPU")


async def with_large(operator: OperatorProcess, builds: Builds, count: int) -> None:
    """Show what objects of 1.2 MB cost that come while it runs."""
    small: list[Body] = [{}] * 300_000
    inline = {"kind": "SlideSpec", "title": "x" * 300_000, "slides": small}
    started = time.monotonic()
    for number in range(count):
        await builds.create(f"large-{number}", source={"inline": inline})
    for number in range(count):
        await patiently(
            lambda name=f"large-{number}": builds.get(name),
            lambda body: condition(body, "Stalled").get("status") == "True",
            within_seconds=300,
        )
    show(f"{count} objects of 1.2 MB", operator, f"all told {time.monotonic() - started:.0f} s")


async def with_uploads(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, count: int
) -> None:
    """Show what decks full of pictures cost whose pods end at once, and one that is a lie."""
    data = secrets.token_bytes(DECK_BYTES)
    await each(count, lambda number: builds.create(f"deck-{number}"))
    jobs = [await job_of(kubelet, f"deck-{number}") for number in range(count)]
    await each(count, lambda number: uploaded(kubelet, jobs[number], data), UPLOADS_AT_ONCE)
    started = time.monotonic()
    await asyncio.gather(*(kubelet.report(job, data) for job in jobs))
    for number in range(count):
        await builds.until(f"deck-{number}", "Ready", within_seconds=300)
    took = time.monotonic() - started
    show(f"{count} decks of {DECK_BYTES / MIB} MiB", operator, f"{took:.0f} s")

    await builds.create("lie")
    lie = await job_of(kubelet, "lie")
    await uploaded(kubelet, lie, secrets.token_bytes(LIE_BYTES))
    started = time.monotonic()
    await kubelet.report(lie, b"foreign bytes")
    await patiently(
        lambda: builds.get("lie"),
        lambda body: "UploadMismatch" in json.dumps(body.get("status", {})),
        within_seconds=300,
    )
    took = time.monotonic() - started
    show(f"a forged result with {LIE_BYTES // MIB} MiB", operator, f"{took:.0f} s")


async def uploaded(kubelet: Kubelet, job: Body, data: bytes) -> None:
    """Send bytes by the form of a Job."""
    answer = await upload(await kubelet.input_of(job), data)
    assert answer.is_success, answer.text


async def job_of(kubelet: Kubelet, owner: str) -> Body:
    """Wait for the Job of a build, and for its input."""

    async def ready() -> Body | None:
        for job in await kubelet.jobs():
            if job["metadata"]["name"].startswith(f"{owner}-compile-"):
                with suppress(AssertionError):
                    await kubelet.input_of(job)
                    return job
        return None

    job = await patiently(ready, lambda seen: seen is not None, within_seconds=300)
    assert job is not None
    return job


async def with_burst(operator: OperatorProcess, builds: Builds, count: int) -> None:
    """Show what builds cost that come all at once."""
    cpu, started, asked = operator.cpu_seconds(), time.monotonic(), await requests(operator)
    await each(count, lambda number: builds.create(f"burst-{number}"))
    for number in range(count):
        await patiently(
            lambda name=f"burst-{number}": builds.get(name),
            lambda body: body.get("status", {}).get("phase") == "Compiling",
            within_seconds=300,
        )
    spent, took = operator.cpu_seconds() - cpu, time.monotonic() - started
    per_build = (await requests(operator) - asked) / count
    told = f"{spent:.1f} s of CPU, {took:.0f} s, {per_build:.1f} API requests a build"
    show(f"{count} builds at once", operator, told)


async def requests(operator: OperatorProcess) -> float:
    """Return how many requests it has made of the API server."""
    _, text = await operator.get("/metrics")
    counted = "venture_kubernetes_requests_total{"
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if counted in line)


def show(what: str, operator: OperatorProcess, more: str) -> None:
    """Print one line of figures."""
    now, peak = operator.memory() / MIB, operator.peak_memory() / MIB
    print(f"{what:24} memory {now:5.0f} MiB, peak {peak:5.0f} MiB; {more}", flush=True)


async def finish(builds: Builds, name: str, inline: Body) -> None:
    """Create a build that ended well a while ago."""
    await builds.create(name, source={"inline": inline})
    now = "2026-11-26T00:00:00.000000Z"
    states = {"Ready": "True", "Succeeded": "True", "Reconciling": "False", "Stalled": "False"}
    key = secrets.token_hex(32)
    status = {
        "phase": "Ready",
        "observedGeneration": 1,
        "cacheKey": f"sha256:{key}",
        "cacheHit": False,
        "startedAt": now,
        "finishedAt": now,
        "job": {"name": f"{name}-compile-1-00000000", "attempt": 1},
        "artifact": {
            "uri": f"s3://venture/artifacts/sha256/{key}/artifact",
            "sha256": key,
            "sizeBytes": 123_456,
            "mediaType": "application/octet-stream",
        },
        "conditions": [
            {
                "type": kind,
                "status": value,
                "reason": "Built",
                "message": "built 121 KiB",
                "observedGeneration": 1,
                "lastTransitionTime": now,
            }
            for kind, value in states.items()
        ],
    }
    await builds.client.patch(
        ARTIFACT_BUILDS, name, {"status": status}, builds.namespace, subresource="status"
    )


async def each(
    count: int, make: Callable[[int], Awaitable[object]], at_once: int = AT_ONCE
) -> None:
    """Make so many, some at once."""
    room = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with room:
            await make(number)

    await asyncio.gather(*(one(number) for number in range(count)))


async def until_leading(operator: OperatorProcess) -> None:
    """Wait until it reconciles."""

    async def metrics() -> str:
        return (await operator.get("/metrics"))[1]

    await patiently(metrics, lambda text: "venture_leader 1.0" in text)


async def at_rest(operator: OperatorProcess) -> None:
    """Wait until it takes hardly any processor time."""
    before = operator.cpu_seconds()
    while True:
        await asyncio.sleep(5)
        now = operator.cpu_seconds()
        if now - before < 1:
            return
        before = now


async def prepare(client: KubernetesClient) -> str:
    """Install the CRDs and make a namespace."""
    await define(client)
    namespace = f"bench-{secrets.token_hex(4)}"
    for name in (namespace, f"{namespace}-work"):
        head = {"apiVersion": NAMESPACES.api_version, "kind": NAMESPACES.kind}
        await client.create(NAMESPACES, head | {"metadata": {"name": name}})
    return namespace


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Settings]:
    """Run an S3 server over a folder, with one empty bucket."""
    tools = subprocess.run([*CLUSTER, "programs", "tools"], stdout=subprocess.PIPE, check=True)
    program = Path(tools.stdout.decode().strip()) / "versitygw"
    (folder / "s3" / "venture").mkdir(parents=True)
    access, secret, port = secrets.token_hex(8), secrets.token_hex(16), free_port()
    command = [str(program), "--port", f"127.0.0.1:{port}", "--access", access, "--secret", secret]
    with (folder / "s3.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "posix", str(folder / "s3")], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield S3Settings(
                endpoint=f"http://127.0.0.1:{port}",
                region="us-east-1",
                bucket="venture",
                access_key_id=access,
                secret_access_key=secret,
            )
        finally:
            server.terminate()
            server.wait(timeout=10)


if __name__ == "__main__":
    main()
