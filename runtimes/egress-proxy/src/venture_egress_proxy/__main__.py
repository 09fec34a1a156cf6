"""venture-egress-proxy: carry agents' connections until told to stop."""

import asyncio
from typing import TYPE_CHECKING

from venture_core.events.envelope import Service
from venture_core.freezes import Freezes
from venture_core.http.server import run_service, service_tls
from venture_core.identity.workload import Workloads
from venture_core.kubernetes.client import KubernetesClient
from venture_core.record.agents import Agents
from venture_core.record.assignments import Assignments
from venture_core.record.behind import EventsBehind
from venture_core.record.bundles import Bundles
from venture_core.record.producer import EventProducer

from venture_egress_proxy.head import MAX_HEAD_BYTES
from venture_egress_proxy.judging import Judging
from venture_egress_proxy.proxy import Proxy
from venture_egress_proxy.settings import EgressProxySettings

if TYPE_CHECKING:
    from venture_core.process.running import Process

NAME = "venture-egress-proxy"
AUDIENCE = "venture-egress"


def main() -> None:
    """Run the egress proxy; exit code 2 for settings that cannot work."""
    run_service(NAME, EgressProxySettings, run)


async def run(settings: EgressProxySettings, process: Process) -> None:
    """Carry connections while freezes can be seen and the record is there."""
    service = Service.EGRESS_PROXY
    async with (
        KubernetesClient.in_cluster() as client,
        EventProducer(settings.postgres_url, name=NAME) as producer,
        asyncio.TaskGroup() as group,
    ):
        workloads = Workloads(client, audience=AUDIENCE, namespace=settings.work_namespace)
        freezes, events = Freezes(client), EventsBehind(producer)
        agents = Agents(
            workloads,
            Assignments(settings.postgres_url, service=service, name=NAME),
            Bundles(settings.postgres_url, service=service, name=NAME),
        )
        proxy = Proxy(
            Judging(
                agents,
                freezes,
                in_all=settings.connections,
                per_agent=settings.connections_per_agent,
            ),
            events,
            private=settings.private(),
            max_bytes=settings.max_bytes,
            max_seconds=settings.max_seconds,
        )
        process.ready_unless(freezes.complaints)
        process.ready_unless(events.complaints)
        beside = [group.create_task(each.run()) for each in (workloads, freezes, events)]
        tls = service_tls(settings)
        if tls is not None:
            beside.append(group.create_task(tls.run()))
        server = await asyncio.start_server(
            proxy.serve,
            # From outside the pod.
            host="0.0.0.0",  # noqa: S104
            port=settings.api_port,
            ssl=None if tls is None else tls.context,
            limit=MAX_HEAD_BYTES,
        )
        process.starting = False
        async with server:
            await process.stop.wait()
            await asyncio.sleep(settings.drain_seconds)
            server.close()
            server.close_clients()
        for each in beside:
            each.cancel()
        await agents.close()


if __name__ == "__main__":
    main()
