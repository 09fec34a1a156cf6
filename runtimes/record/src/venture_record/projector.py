"""venture-projector: keeps the read models level with the log.

`venture-projector --rebuild` empties them, fills them again from the record, and ends.
"""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

import structlog
from venture_core.messaging.connection import NatsLogin, connect_nats
from venture_core.messaging.consumer import ConsumerSettings, EventConsumer
from venture_core.process.running import run_process
from venture_core.record.consumption import ConsumerRecord
from venture_core.record.projection.projector import NAME as CONSUMER
from venture_core.record.projection.projector import (
    Projector,
    RecordIncompleteError,
    projection_engine,
)

from venture_record.settings import ProjectorSettings

if TYPE_CHECKING:
    from venture_core.process.running import Process

NAME = "venture-projector"

log = structlog.get_logger(__name__)


async def run(settings: ProjectorSettings, process: Process) -> None:
    """Consume until the process is to stop."""
    stop = process.stop
    engine = projection_engine(settings.postgres_url)
    login = NatsLogin(NAME)
    process.ready_unless(login.complaints)
    # The first connection, too, is tried until there is a broker, or the process is to stop.
    connecting = asyncio.create_task(
        connect_nats(settings.nats_url, name=NAME, tls=settings.nats_tls(), login=login)
    )
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not connecting.done():
            return
        client = connecting.result()
        # A revoked login closes it for good: a new process asks again.
        process.alive_unless(lambda: ["the connection to NATS is closed"] * client.is_closed)
        try:
            projector = Projector(engine)
            async with ConsumerRecord(settings.postgres_url, CONSUMER) as recorded:
                consumer = EventConsumer(
                    client,
                    ConsumerSettings(name=CONSUMER),
                    projector.handle,
                    recorded=recorded,
                    on_new_session=projector.forget,
                )
                await consumer.run(stop)
        finally:
            await client.close()
    finally:
        connecting.cancel()
        stopping.cancel()
        await engine.dispose()


async def rebuild(settings: ProjectorSettings, _process: Process) -> None:
    """Fill the read models again from the record."""
    engine = projection_engine(settings.postgres_url)
    try:
        events = await Projector(engine).rebuild()
    except RecordIncompleteError as error:
        sys.exit(f"{NAME}: {error}")
    finally:
        await engine.dispose()
    log.info("the read models are rebuilt", events=events)


def main() -> None:
    """Run the process."""
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--rebuild", action="store_true", help="fill the read models again, end")
    given = parser.parse_args(sys.argv[1:])
    run_process(NAME, ProjectorSettings, rebuild if given.rebuild else run)
