"""venture-sequencer: numbers committed events and signs checkpoints of the log."""

from typing import TYPE_CHECKING

from venture_core.artifacts.provenance import load_private_key
from venture_core.events.notes import NoteSigner
from venture_core.objectstore import ObjectStore
from venture_core.process.running import run_process
from venture_core.record.continuity import Continuity
from venture_core.record.database import Role, connect
from venture_core.record.leader import Leader, lead_until
from venture_core.record.sequencer import ROLE, Sequencer

from venture_record.settings import SequencerSettings

if TYPE_CHECKING:
    import asyncpg
    from venture_core.process.running import Process

NAME = "venture-sequencer"


async def run(settings: SequencerSettings, process: Process) -> None:
    """Stand by and sequence until the process is to stop."""
    stop = process.stop
    files = (settings.checkpoint_key_file, *settings.checkpoint_further_key_files)
    signers = [
        NoteSigner(settings.checkpoint_origin, load_private_key(file.read_bytes()))
        for file in files
    ]
    leader = Leader(ROLE, settings.pod_name)
    process.ready_unless(leader.complaints)
    sequencer = Sequencer(
        leader,
        origin=settings.checkpoint_origin,
        signers=signers,
        continuity=Continuity(ObjectStore(settings.s3())),
    )

    async def work(connection: asyncpg.Connection, epoch: int) -> None:
        await sequencer.run(connection, epoch, stop)

    await lead_until(
        stop,
        leader,
        lambda: connect(settings.postgres_url, Role.SEQUENCER, name=NAME),
        work,
    )


def main() -> None:
    """Run the process."""
    run_process(NAME, SequencerSettings, run)
