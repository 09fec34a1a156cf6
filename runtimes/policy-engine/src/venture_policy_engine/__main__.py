"""venture-policy-engine: answer checks over NATS and HTTP until told to stop."""

import asyncio
from typing import TYPE_CHECKING

from venture_core.events.envelope import Service
from venture_core.freezes import Freezes
from venture_core.http.app import whole
from venture_core.http.server import run_service, serve, service_tls
from venture_core.identity.workload import Workloads
from venture_core.kubernetes.client import KubernetesClient
from venture_core.messaging.connection import NatsLogin, connect_nats
from venture_core.record.agents import Agents
from venture_core.record.assignments import Assignments
from venture_core.record.behind import EventsBehind
from venture_core.record.bundles import Bundles
from venture_core.record.producer import EventProducer

from venture_policy_engine.api import api
from venture_policy_engine.checks import Checks
from venture_policy_engine.responder import Responder
from venture_policy_engine.settings import PolicyEngineSettings

if TYPE_CHECKING:
    from venture_core.process.running import Process

NAME = "venture-policy-engine"
AUDIENCE = "venture-policy"


def main() -> None:
    """Run the policy engine; exit code 2 for settings that cannot work."""
    run_service(NAME, PolicyEngineSettings, run)


async def run(settings: PolicyEngineSettings, process: Process) -> None:
    """Answer while freezes can be seen, and the record and NATS are there."""
    service, login = Service.POLICY_ENGINE, NatsLogin(NAME)
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
        checks = Checks(agents, freezes, events)
        process.ready_unless(freezes.complaints)
        process.ready_unless(login.complaints)
        process.ready_unless(events.complaints)
        beside = [group.create_task(each.run()) for each in (workloads, freezes, events)]
        nats = await connect_nats(
            settings.nats_url, name=NAME, tls=settings.nats_tls(), login=login
        )
        await Responder(nats, checks).start()
        # The routes read the agent's token themselves: it is what they judge.
        app = whole(api(checks), authenticate=None)
        await serve(app, settings, process, service_tls(settings))
        await nats.drain()
        for each in beside:
            each.cancel()
        await agents.close()


if __name__ == "__main__":
    main()
