"""A broker that refuses the login: said once in words, and where a probe and a metric look."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING
from uuid import uuid7

import aiohttp
import nats.errors
import pytest
from recordevents import started
from recordprocesses import RecordProcess, record_processes, write_key
from recordservers import NatsServer
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.messaging.connection import NatsLogin, connect_nats, is_interruption
from venture_core.record.producer import EventProducer
from waiting import patiently, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pydantic import SecretStr
    from venture_core.objectstore import S3Settings

REFUSED = "NATS refuses the login"


def users(password: str) -> str:
    return f'authorization {{ users: [{{user: us, password: "{password}"}}] }}\n'


class Broker(NatsServer):
    """A server whose user may get another password."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, config=users("right"), login="us:right")

    def change_password(self, before: str, after: str) -> None:
        """Have the running server take another password only."""
        text = self._config.read_text()
        self._config.write_text(text.replace(users(before), users(after)))
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    folder = tmp_path / "nats"
    folder.mkdir()
    server = Broker(folder)
    await server.start()
    yield server
    server.stop()


async def get(process: RecordProcess, path: str) -> tuple[int, str]:
    async for attempt in AsyncRetrying(wait=wait_fixed(0.1), stop=stop_after_delay(60)):
        with attempt:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{process.port}{path}") as answer,
            ):
                return answer.status, await answer.text()
    raise AssertionError


async def sample(process: RecordProcess, metric: str) -> float:
    _, text = await get(process, "/metrics")
    (value,) = [line.split()[1] for line in text.splitlines() if line.startswith(metric)]
    return float(value)


async def test_a_refused_login_is_said_and_taken_again(
    database: SecretStr, own_bucket: S3Settings, broker: Broker, tmp_path: Path
) -> None:
    key, _ = write_key(tmp_path)
    processes = record_processes(
        tmp_path, database=database, broker=broker.url("us:new"), bucket=own_bucket, key=key
    )
    watched = [processes["venture-event-relay"], processes["venture-projector"]]
    async with EventProducer(database, name="test") as producer:
        await producer.append(started(uuid7(), 1))
    for process in processes.values():
        process.start()
    try:
        for process in watched:

            async def refused(process: RecordProcess = process) -> bool:
                status, text = await get(process, "/readyz")
                return status == 503 and REFUSED in text

            await until(refused)
            assert await sample(process, "venture_nats_login_refused{") == 1
            assert process.log().count(REFUSED) == 1
            assert "Authorization Violation" in process.log()

        async def behind() -> bool:
            return await sample(watched[0], "venture_relay_lag_events") == 1

        # The alert on the lag works while nobody can publish.
        await until(behind)
        broker.change_password("right", "new")
        for process in watched:

            async def ready(process: RecordProcess = process) -> bool:
                return (await get(process, "/readyz"))[0] == 200

            await until(ready)
            assert await sample(process, "venture_nats_login_refused{") == 0
    finally:
        codes = [process.stop() for process in processes.values()]
    assert codes == [0, 0, 0]


@pytest.mark.parametrize("reconnect", [True, False])
async def test_a_login_that_is_revoked_is_seen_though_the_client_only_closes(
    broker: Broker, reconnect: bool
) -> None:
    login = NatsLogin("test")
    client = await connect_nats(broker.url(), name="test", reconnect=reconnect, login=login)
    assert login.complaints() == []
    broker.change_password("right", "other")
    await patiently(lambda: _now(login.complaints()), bool)
    # For good: whoever wants to be back connects anew, or has itself restarted.
    await patiently(lambda: _now(client.is_closed), bool)
    await client.close()
    again = await connect_nats(broker.url("us:other"), name="test", reconnect=False, login=login)
    assert login.complaints() == []
    await again.close()


async def _now[T](seen: T) -> T:
    return seen


async def test_who_does_not_wait_for_a_broker_is_told_that_it_is_away(broker: Broker) -> None:
    broker.kill()
    login = NatsLogin("test")
    with pytest.raises(nats.errors.NoServersError) as caught:
        await connect_nats(broker.url(), name="test", reconnect=False, login=login)
    assert is_interruption(caught.value)
    assert login.complaints() == []
