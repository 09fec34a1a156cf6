"""venture-tool-gateway: performs agents' calls of tools."""

import asyncio
from typing import TYPE_CHECKING, Final

from venture_core.events.envelope import Service
from venture_core.freezes import Freezes
from venture_core.http.app import whole
from venture_core.http.callers import bearer_token
from venture_core.http.server import run_service, serve, service_tls
from venture_core.identity.workload import Workloads
from venture_core.kubernetes.client import KubernetesClient
from venture_core.objectstore import ObjectStore
from venture_core.record.agents import Agents
from venture_core.record.assignments import Assignments
from venture_core.record.bundles import Bundles
from venture_core.record.producer import EventProducer
from venture_core.record.toolcalls import ToolCalls

from venture_tool_gateway.app import Tools, application
from venture_tool_gateway.performing import Performer
from venture_tool_gateway.recording import Recorder
from venture_tool_gateway.settings import ToolGatewaySettings
from venture_tool_gateway.transcripts import Transcripts

if TYPE_CHECKING:
    from venture_core.http.types import Scope
    from venture_core.identity.callers import Caller
    from venture_core.process.running import Process

NAME: Final = "venture-tool-gateway"
AUDIENCE: Final = "venture-tools"


async def run(settings: ToolGatewaySettings, process: Process) -> None:
    """Serve until the process is to stop."""
    url = settings.postgres_url
    assignments = Assignments(url, service=Service.TOOL_GATEWAY, name=NAME)
    bundles = Bundles(url, service=Service.TOOL_GATEWAY, name=NAME)
    journal = ToolCalls(url, service=Service.TOOL_GATEWAY, name=NAME)
    async with (
        KubernetesClient.in_cluster() as kubernetes,
        EventProducer(url, name=NAME) as producer,
        asyncio.TaskGroup() as group,
    ):
        workloads = Workloads(kubernetes, audience=AUDIENCE, namespace=settings.work_namespace)
        freezes = Freezes(kubernetes)
        process.degraded_by(freezes.complaints)
        watches = [group.create_task(each.run()) for each in (workloads, freezes)]
        recorder = Recorder(producer)
        agents = Agents(workloads, assignments, bundles)
        store = ObjectStore(settings.s3())
        tools = Tools(
            agents=agents,
            freezes=freezes,
            journal=journal,
            performer=Performer(store, recorder),
            recorder=recorder,
            transcripts=Transcripts(store),
        )

        async def authenticate(scope: Scope) -> Caller:
            return await workloads.verify(bearer_token(scope))

        try:
            await freezes.first_sight()
            app = whole(application(tools), authenticate=authenticate)
            await serve(app, settings, process, service_tls(settings))
        finally:
            for watch in watches:
                watch.cancel()
            await agents.close()
            await journal.close()


def main() -> None:
    """Run the gateway."""
    run_service(NAME, ToolGatewaySettings, run)
