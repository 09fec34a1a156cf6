"""venture-llm-gateway: agents' only way to language models."""

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

from venture_core.events.envelope import Service
from venture_core.freezes import Freezes
from venture_core.http.app import whole
from venture_core.http.server import run_service, serve, service_tls
from venture_core.identity.workload import Workloads
from venture_core.kubernetes.client import KubernetesClient
from venture_core.llm.prices import read_table, shipped_table
from venture_core.record.assignments import Assignments
from venture_core.record.bundles import Bundles
from venture_core.record.producer import EventProducer
from venture_core.treasury.client import TreasuryClient

from venture_llm_gateway.app import Gateway, gateway_limits, problem_shape
from venture_llm_gateway.calls import Calls
from venture_llm_gateway.deciding import PolicyJudge
from venture_llm_gateway.identifying import Identification
from venture_llm_gateway.keys import Keys
from venture_llm_gateway.provider import Endpoint, Provider, provider_session
from venture_llm_gateway.recording import Recorder
from venture_llm_gateway.settings import GatewaySettings
from venture_llm_gateway.treasuryledger import TreasuryLedger

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp
    from venture_core.llm.prices import PriceTable
    from venture_core.process.running import Process

NAME: Final = "venture-llm-gateway"
AUDIENCE: Final = "venture-llm-gateway"
HURRY_SECONDS: Final = 3.0
"""How long calls have that are under way when the process stops: then what is known is posted."""
SETTLE_SECONDS: Final = 5.0
"""How long before its end the process makes them hurry."""


async def run(settings: GatewaySettings, process: Process) -> None:
    """Serve until the process is to stop; what is under way is settled then."""
    table = price_table(settings)
    async with (
        KubernetesClient.in_cluster() as kubernetes,
        EventProducer(settings.postgres_url, name=NAME) as producer,
        TreasuryClient.by_files(
            settings.treasury_url,
            token_file=settings.treasury_token_file,
            authorities=settings.serving_ca_file,
        ) as treasury,
        provider_session() as session,
        asyncio.TaskGroup() as watching,
    ):
        workloads = Workloads(kubernetes, audience=AUDIENCE, namespace=settings.work_namespace)
        freezes = Freezes(kubernetes)
        assignments = Assignments(settings.postgres_url, service=Service.LLM_GATEWAY, name=NAME)
        bundles = Bundles(settings.postgres_url, service=Service.LLM_GATEWAY, name=NAME)
        watches = [watching.create_task(each.run()) for each in (workloads, freezes)]
        process.degraded_by(freezes.complaints)
        try:
            await freezes.first_sight()
            async with asyncio.TaskGroup() as group:
                calls = Calls(
                    group,
                    judge=PolicyJudge(bundles, freezes),
                    ledger=TreasuryLedger(treasury, bundles),
                    recorder=Recorder(producer),
                    table=table,
                )
                app = Gateway(
                    identify=Identification(workloads, assignments),
                    calls=calls,
                    providers=_providers(settings, session),
                )
                served = whole(
                    app, authenticate=None, limits_of=gateway_limits, render=problem_shape
                )
                hurrying = group.create_task(_hurry(calls, settings, process))
                await serve(served, settings, process, service_tls(settings))
                hurrying.cancel()
                calls.hurry(HURRY_SECONDS)
        finally:
            for watch in watches:
                watch.cancel()
            await assignments.close()
            await bundles.close()


def price_table(settings: GatewaySettings) -> PriceTable:
    """Return the prices that hold here. Raises ValueError where the file is no table."""
    if settings.price_table_file is None:
        return shipped_table()
    return read_table(settings.price_table_file.read_bytes())


async def _hurry(calls: Calls, settings: GatewaySettings, process: Process) -> None:
    """Have every call end before the process is cut short."""
    await process.stop.wait()
    await asyncio.sleep(max(0.0, settings.stop_seconds - HURRY_SECONDS - SETTLE_SECONDS))
    calls.hurry(HURRY_SECONDS)


def _providers(settings: GatewaySettings, session: aiohttp.ClientSession) -> Mapping[str, Provider]:
    tls = ssl.create_default_context()
    if settings.provider_ca_file is not None:
        tls.load_verify_locations(cafile=settings.provider_ca_file)
    keys = Keys(settings.provider_keys)
    endpoints = (
        Endpoint("Anthropic", settings.anthropic_url, settings.provider_proxy, tls),
        Endpoint("OpenAI", settings.openai_url, settings.provider_proxy, tls),
    )
    return {each.name: Provider(each, keys, session) for each in endpoints}


def main() -> None:
    """Run the gateway."""
    run_service(NAME, GatewaySettings, run)
