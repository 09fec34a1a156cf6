"""venture-event-relay: publishes the log to JetStream."""

from typing import TYPE_CHECKING

from venture_core.objectstore import ObjectStore
from venture_core.process.running import run_process
from venture_core.record.continuity import Continuity
from venture_core.record.database import Role, connect
from venture_core.record.leader import Leader, lead_until
from venture_core.record.relay import ROLE, Relay

from venture_record.settings import RelaySettings

if TYPE_CHECKING:
    import asyncpg
    from venture_core.process.running import Process

NAME = "venture-event-relay"


async def run(settings: RelaySettings, process: Process) -> None:
    """Stand by and publish until the process is to stop."""
    stop = process.stop
    leader = Leader(ROLE, settings.pod_name)
    process.ready_unless(leader.complaints)
    relay = Relay(
        leader,
        settings.nats_url,
        settings.streams(),
        name=NAME,
        tls=settings.nats_tls(),
        continuity=Continuity(ObjectStore(settings.s3())),
    )

    process.ready_unless(relay.login.complaints)

    async def work(connection: asyncpg.Connection, epoch: int) -> None:
        await relay.run(connection, epoch, stop)

    await lead_until(
        stop, leader, lambda: connect(settings.postgres_url, Role.RELAY, name=NAME), work
    )


def main() -> None:
    """Run the process."""
    run_process(NAME, RelaySettings, run)
