"""What calls of agents cost: `.venv/bin/python tests/bench/bench_agents.py`.

It starts an API server, a Postgres, a NATS server, a Valkey and the programs themselves, each a
process of its own, and asks them as agents do, by tokens of pods: the policy engine over NATS at a
steady rate beside a bare echo, a model by way of the gateway beside the same provider asked
directly, and purchases on one hot budget over HTTP. All share the machine's cores: only ratios
carry over.

`--only purchases` measures one part. `--before FOLDER` asks the treasury of another checkout's
environment in turns with ours, on the same ledger.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

import aiohttp
import nats
from agenttasks import assign, assignment, token
from badprovider import Does, bad_provider, message
from benchplace import api_server, define, public_folder, render
from chartaccounts import account_token
from dataplaneservers import data_plane_images, valkey_server
from figures import at_rate, by_callers, spread
from gatewayscene import write_keys
from moneyscenes import Scene
from policybundles import bundle
from recordservers import NatsServer, PostgresServer
from surroundings import free_port
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from treasuryprocess import AUDIENCE, GATEWAY, TreasuryProcess
from venture_core.events.envelope import Service
from venture_core.kubernetes.client import KubernetesClient
from venture_core.process.running import Process
from venture_core.record.bundles import Bundles
from venture_core.treasury.ledger import Ledger
from venture_llm_gateway import gateway as llm
from venture_llm_gateway.settings import GatewaySettings
from venture_policy_engine import __main__ as engine
from venture_policy_engine.responder import SUBJECT
from venture_policy_engine.settings import PolicyEngineSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from pydantic import SecretStr

CHECKS_A_SECOND = 1000
CALLERS = (1, 16, 100)
ECHO = "bench.echo"
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Place:
    """Everything that the programs stand on, and an agent's task."""

    folder: Path
    kubeconfig: Path
    client: KubernetesClient
    database: SecretStr
    broker: SecretStr
    treasury: TreasuryProcess
    before: TreasuryProcess | None
    workflow: UUID
    bundle_hash: str

    async def agent(self, task: str, role: str, audience: str, *tools: str) -> str:
        """Return the token of a pod that works for a task."""
        job = f"{task}-{uuid4().hex[:8]}"
        given = assignment(
            self.workflow, self.bundle_hash, task=task, role=role, tools=tools, llm_cap_cents=10**6
        )
        await assign(self.database, job, given)
        work = self.treasury.work_namespace
        return await token(self.client, work, job, self.workflow, audience)


async def main(seconds: float, parts: list[str], before: Path | None) -> None:
    """Measure the parts asked for."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(public_folder())
        place = await prepare(stack, folder, before)
        for part in parts:
            await PARTS[part](place, seconds)


async def prepare(stack: AsyncExitStack, folder: Path, before: Path | None) -> Place:
    """Start the servers and the treasury, publish a bundle, and open a workflow's budgets."""
    kubeconfig = stack.enter_context(api_server(folder))
    client = await stack.enter_async_context(KubernetesClient.from_kubeconfig(str(kubeconfig)))
    await define(client)
    postgres = PostgresServer(stack.enter_context(public_folder()))
    await postgres.start()
    stack.callback(postgres.stop)
    database = await postgres.create_database()
    broker = NatsServer(stack.enter_context(public_folder()))
    await broker.start()
    stack.callback(broker.stop)
    image = data_plane_images()["venture-dev-valkey"]
    cache = stack.enter_context(valkey_server(image, stack.enter_context(public_folder())))
    redis = cache.url().get_secret_value()

    async def serve_treasury(name: str, programs: Path | None) -> TreasuryProcess:
        treasury = treasury_in(folder / name, kubeconfig, programs)
        await treasury.install(client, database, redis)
        await treasury.start()
        stack.callback(treasury.stop)
        return treasury

    # The first to be installed, since the cluster trusts the authority of the last.
    other = None if before is None else await serve_treasury("before", before / "bin")
    treasury = await serve_treasury("now", None)
    bundles = Bundles(database, service=Service.ORCHESTRATOR, name="bench")
    hash_ = await bundles.store(policy())
    await bundles.close()
    workflow = uuid4()
    async with Ledger(database, name="bench") as ledger:
        scene = Scene(ledger, workflow=workflow)
        await scene.fund(10**9)
        await scene.budgets(cash=5 * 10**8, llm=10**8)
        await scene.task(llm=10**8)
        await scene.approve(cap_cents=4 * 10**8)
    url = broker.url()
    return Place(folder, kubeconfig, client, database, url, treasury, other, workflow, hash_)


def treasury_in(folder: Path, kubeconfig: Path, programs: Path | None) -> TreasuryProcess:
    """Return a treasury with a folder of its own; `programs` are another environment's."""
    folder.mkdir()
    return TreasuryProcess(folder, kubeconfig, render("ci/production.yaml"), programs=programs)


def policy() -> dict[str, Any]:
    """Return a bundle without limits that a benchmark would meet."""
    content = bundle()
    role = content["roles"][0]
    role["models"] = [{"provider": "Anthropic", "names": ["claude-haiku-*"]}]
    del role["dailyBudgetCents"], role["tools"][0]["callsPerMinute"]
    return content


async def checks(place: Place, seconds: float) -> None:
    """Ask the policy engine, and somebody who only echoes."""
    settings = PolicyEngineSettings(
        pod_name="policy-engine-0",
        api_port=free_port(),
        drain_seconds=0,
        postgres_url=place.database,
        nats_url=place.broker,
        work_namespace=place.treasury.work_namespace,
    )
    own = await place.agent("check", "researcher", engine.AUDIENCE, "web.fetch")
    call = {"tool": "web.fetch", "arguments": {"url": "https://example.com/a/page"}}
    asked = json.dumps({"token": own, **call}).encode()
    caller = await nats.connect(place.broker.get_secret_value())
    with beside(serve, engine.run, settings, place.kubeconfig), beside(echo, place.broker):

        async def check() -> None:
            answer = await caller.request(SUBJECT, asked, timeout=5)
            assert json.loads(answer.data)["decision"] == "Allow", answer.data

        async def bare() -> None:
            await caller.request(ECHO, asked, timeout=5)

        for what, ask in (("a policy check over NATS", check), ("a bare echo", bare)):
            await until_answered(ask)
            took = await at_rate(ask, CHECKS_A_SECOND, seconds)
            print(f"{what:36} {CHECKS_A_SECOND:5}/s  {spread(took)}", flush=True)
    await caller.close()


async def models(place: Place, seconds: float) -> None:
    """Ask a provider by way of the gateway, and directly."""
    write_keys(place.folder / "keys", "nobody's")
    authorities, own = place.folder / "ca.pem", place.folder / "token"
    authorities.write_text(place.treasury.authorities())
    own.write_text(await account_token(place.client, GATEWAY, AUDIENCE))
    answers, port = SPAWN.Pipe(duplex=False)
    agent = await place.agent("research", "researcher", llm.AUDIENCE)
    with beside(provide, port):
        provider = answers.recv()
        settings = GatewaySettings(
            pod_name="llm-gateway-0",
            api_port=free_port(),
            drain_seconds=0,
            postgres_url=place.database,
            work_namespace=place.treasury.work_namespace,
            treasury_url=f"https://localhost:{place.treasury.port}",
            treasury_token_file=own,
            serving_ca_file=authorities,
            provider_keys=place.folder / "keys",
            anthropic_url=provider,
        )
        url = f"http://127.0.0.1:{settings.api_port}"
        with beside(serve, llm.run, settings, place.kubeconfig):
            async with asking(provider, agent) as direct, asking(url, agent) as through:
                await until_answered(through)
                for callers in CALLERS[:2]:
                    for what, ask in (("a model directly", direct), ("by the gateway", through)):
                        took, rate = await by_callers(ask, callers, seconds)
                        print(f"{what:28} {callers:4} callers {rate:8.0f}/s  {spread(took)}")


@asynccontextmanager
async def asking(url: str, own: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Give what asks a model for an answer of a hundred tokens."""
    asked = {"role": "user", "content": "Say hello. " * 100}
    body = {"model": "claude-haiku-5-5", "max_tokens": 100, "messages": [asked]}
    headers = {"x-api-key": own, "anthropic-version": "2023-06-01"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask() -> None:
            async with session.post(f"{url}/v1/messages", json=body) as answer:
                assert answer.status == 200, await answer.text()
                await answer.read()

        yield ask


async def purchases(place: Place, seconds: float) -> None:
    """Buy for a cent again and again out of one intent."""
    own = await place.agent("place", "finance", AUDIENCE, "money.authorize")
    async with AsyncExitStack() as stack:
        ways = [("purchases over HTTP", place.treasury)]
        if place.before is not None:
            ways.insert(0, ("purchases, before", place.before))
        asks = [
            (what, treasury, await stack.enter_async_context(buying(treasury, own)))
            for what, treasury in ways
        ]
        for callers in CALLERS:
            for what, treasury, buy in asks:
                had = treasury.cpu_seconds()
                took, rate = await by_callers(buy, callers, seconds)
                each = (treasury.cpu_seconds() - had) * 1000 / len(took)
                print(
                    f"{what:28} {callers:4} callers {rate:8.0f}/s  {spread(took)}  "
                    f"{each:.2f} ms of its processor each",
                    flush=True,
                )


@asynccontextmanager
async def buying(
    treasury: TreasuryProcess, own: str
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Give what buys for a cent."""
    bought = {"intent": "ads", "merchant": "acme-ads", "category": "7311"}
    body = {**bought, "currency": "USD", "amountCents": 1, "capture": True}
    url, trust = f"https://localhost:{treasury.port}", treasury.trust()
    connector = aiohttp.TCPConnector(limit=CALLERS[-1], ssl=trust)
    headers = {"Authorization": f"Bearer {own}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def buy() -> None:
            key = {"Idempotency-Key": uuid4().hex}
            path = f"{url}/v1/money/authorizations"
            async with session.post(path, json=body, headers=key) as answer:
                assert answer.status == 201, await answer.text()
                await answer.read()

        await until_answered(buy)
        yield buy


async def until_answered(ask: Callable[[], Awaitable[None]]) -> None:
    """Wait until a program that starts answers."""
    async for attempt in AsyncRetrying(
        wait=wait_fixed(0.2), stop=stop_after_delay(60), reraise=True
    ):
        with attempt:
            await ask()


@contextmanager
def beside(work: Callable[..., None], *arguments: object) -> Iterator[None]:
    """Do something in a process of its own meanwhile."""
    process = SPAWN.Process(target=work, args=arguments, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join(20)


def serve(run: Callable[..., Awaitable[None]], settings: object, kubeconfig: Path) -> None:
    """Run a program that finds an API server where a pod has its own."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[KubernetesClient]:
        async with KubernetesClient.from_kubeconfig(str(kubeconfig)) as client:
            yield client

    KubernetesClient.in_cluster = connect  # type: ignore[method-assign, assignment]
    asyncio.run(run(settings, Process("bench", starting=True)))  # type: ignore[arg-type]


def provide(port: Any) -> None:
    """Be a provider that answers at once, and say where."""

    async def stand() -> None:
        async with bad_provider() as provider:
            provider.does(Does(body=json.dumps(message()).encode()))
            port.send(provider.url)
            await asyncio.Event().wait()

    asyncio.run(stand())


def echo(broker: SecretStr) -> None:
    """Answer what is asked with what was asked."""

    async def stand() -> None:
        client = await nats.connect(broker.get_secret_value())

        async def answer(asked: Any) -> None:
            await asked.respond(asked.data)

        await client.subscribe(ECHO, cb=answer)
        await asyncio.Event().wait()

    asyncio.run(stand())


PARTS = {"checks": checks, "models": models, "purchases": purchases}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--before", type=Path, help="another checkout's .venv")
    given = parser.parse_args()
    parts = [given.only] if given.only else list(PARTS)
    asyncio.run(main(given.seconds, parts, given.before))
