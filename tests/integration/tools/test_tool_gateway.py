"""The tool-gateway with its real parts: tokens, assignments, bundles, journal, S3, the record."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import pytest
from agentprocess import run_agent
from agentservices import AgentServices, turn, use
from agenttasks import assign, assignment, events, token
from policybundles import bundle
from teapot import running
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.agents.result import EXIT_BUDGET, EXIT_DONE
from venture_core.agents.transcript import Transcript, parse_transcript, transcript_key
from venture_core.events.envelope import Service
from venture_core.freezes import Freezes
from venture_core.http.app import whole
from venture_core.http.callers import bearer_token
from venture_core.identity.workload import Workloads
from venture_core.record.agents import Agents
from venture_core.record.assignments import Assignments
from venture_core.record.bundles import Bundles
from venture_core.record.producer import EventProducer
from venture_core.record.toolcalls import ToolCalls
from venture_tool_gateway.app import Tools, application
from venture_tool_gateway.gateway import AUDIENCE
from venture_tool_gateway.performing import Performer
from venture_tool_gateway.recording import Recorder
from venture_tool_gateway.transcripts import Transcripts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pydantic import SecretStr
    from venture_core.http.types import Scope
    from venture_core.identity.callers import Caller
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore

BUNDLE = bundle()
BUNDLE["roles"][0]["tools"] = [
    {"name": "io.read"},
    {"name": "io.write", "when": "args.path.startsWith('notes/')", "callsPerMinute": 3},
    {"name": "event.publish"},
]
TOOLS = ("io.read", "io.write", "event.publish")


class Scene:
    def __init__(self, url: str, client: KubernetesClient, namespace: str, hash_: str) -> None:
        self.url = url
        self.client = client
        self.namespace = namespace
        self.hash = hash_

    async def agent(
        self, database: SecretStr, uid: UUID, task: str = "research", **more: Any
    ) -> str:
        """Make the pod of an agent; return its token."""
        job = f"{task}-{uuid4().hex[:8]}"
        given = assignment(uid, self.hash, task=task, **{"tools": TOOLS, **more})
        await assign(database, job, given)
        return await token(self.client, self.namespace, job, uid, AUDIENCE)

    async def call(
        self, token: str, tool: str, call_id: UUID | None = None, **arguments: Any
    ) -> tuple[int, dict[str, Any]]:
        body = {"callId": str(call_id or uuid4()), "arguments": arguments}
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/v1/tools/{tool}", json=body, headers=headers) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    async def transcript(self, token: str, data: bytes | None = None) -> tuple[int, bytes]:
        """Keep a transcript, or read the latest."""
        method = "GET" if data is None else "PUT"
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, f"{self.url}/v1/transcript", data=data, headers=headers
            ) as answer,
        ):
            return answer.status, await answer.read()


class Dying(Performer):
    """Dies after the effect, before the journal hears of it."""

    dies = False

    async def perform(self, *arguments: Any) -> str:
        answer = await super().perform(*arguments)
        if self.dies:
            raise ConnectionError("killed here")
        return answer


@asynccontextmanager
async def served(
    client: KubernetesClient, namespace: str, database: SecretStr, store: ObjectStore
) -> AsyncIterator[tuple[Scene, Dying]]:
    service, name = Service.TOOL_GATEWAY, "tests"
    operator = Bundles(database, service=Service.ORCHESTRATOR, name=name)
    hash_ = await operator.store(BUNDLE)
    await operator.close()
    workloads = Workloads(client, audience=AUDIENCE, namespace=namespace)
    agents = Agents(
        workloads,
        Assignments(database, service=service, name=name),
        Bundles(database, service=service, name=name),
    )
    journal = ToolCalls(database, service=service, name=name)
    freezes = Freezes(client)
    watches = [asyncio.create_task(each.run()) for each in (freezes, workloads)]
    async for attempt in AsyncRetrying(wait=wait_fixed(0.05), stop=stop_after_delay(60)):
        with attempt:
            assert not freezes.complaints()
    try:
        async with EventProducer(database, name=name) as producer:
            recorder = Recorder(producer)
            performer = Dying(store, recorder)
            tools = Tools(
                agents=agents,
                freezes=freezes,
                journal=journal,
                performer=performer,
                recorder=recorder,
                transcripts=Transcripts(store),
            )

            async def authenticate(scope: Scope) -> Caller:
                return await workloads.verify(bearer_token(scope))

            app = whole(application(tools), authenticate=authenticate)
            async with running(app, drain_seconds=0) as service_:
                yield Scene(service_.url, client, namespace, hash_), performer
    finally:
        for watch in watches:
            watch.cancel()
        await agents.close()
        await journal.close()


async def test_files_of_a_workflow(
    client: KubernetesClient,
    namespace: str,
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
) -> None:
    mine, other = uuid4(), uuid4()
    async with served(client, namespace, database, store) as (scene, _):
        own = await scene.agent(database, mine)
        status, answer = await scene.call(own, "io.write", path="notes/a.md", content="grüße")
        assert (status, answer["sizeBytes"]) == (200, 7)
        # Another task of the workflow reads it; another workflow has files of its own.
        colleague = await scene.agent(database, mine, "brief")
        status, answer = await scene.call(colleague, "io.read", path="notes/a.md")
        assert (status, answer["content"]) == (200, "grüße")
        stranger = await scene.agent(database, other)
        status, answer = await scene.call(stranger, "io.read", path="notes/a.md")
        assert (status, answer) == (200, {"error": "there is no file notes/a.md"})
    kinds = [each["event_type"] for each in await events(superuser, mine)]
    assert kinds == ["task.tool.called.v1"] * 2


OUTSIDE = (
    "../a",
    "/a",
    "a//b",
    "notes/../../a",
    ".messages/x",
    "a/.b",
    "a" * 300,
    "",
    "a\x00",
    "a b",
)


async def test_paths_stay_in_the_workspace(
    client: KubernetesClient, namespace: str, database: SecretStr, store: ObjectStore
) -> None:
    async with served(client, namespace, database, store) as (scene, _):
        own = await scene.agent(database, uuid4())
        for path in OUTSIDE:
            status, answer = await scene.call(own, "io.read", path=path)
            assert (status, answer["title"]) == (422, "Unprocessable Content")


async def test_what_policy_forbids_is_refused_and_recorded(
    client: KubernetesClient,
    namespace: str,
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
) -> None:
    uid = uuid4()
    async with served(client, namespace, database, store) as (scene, _):
        own = await scene.agent(database, uid)
        status, answer = await scene.call(own, "io.write", path="secret/a", content="x")
        assert (status, answer["reasonCode"]) == (403, "ARGUMENTS_NOT_ALLOWED")
        for number in range(4):
            status, answer = await scene.call(own, "io.write", path="notes/a", content=str(number))
        assert (status, answer["reasonCode"]) == (403, "RATE_LIMITED")
        less = await scene.agent(database, uid, "less", tools=("io.read",))
        status, answer = await scene.call(less, "event.publish", title="x")
        assert (status, answer["reasonCode"]) == (403, "NOT_IN_ALLOWLIST")
        for tool in ("money.authorize", "shell_exec"):
            status, answer = await scene.call(own, tool, url="x")
            assert (status, answer["reasonCode"]) == (403, "NOT_IN_ALLOWLIST")
        assert (await scene.call(own, "No Tool", url="x"))[0] == 422
        assert (await scene.call("nonsense", "io.read", path="a"))[0] == 401
    refused = [
        each["payload"]["reasonCode"]
        for each in await events(superuser, uid)
        if each["event_type"] == "task.tool.refused.v1"
    ]
    assert refused == ["ARGUMENTS_NOT_ALLOWED", "RATE_LIMITED", *["NOT_IN_ALLOWLIST"] * 3]


async def test_a_call_is_done_once(
    client: KubernetesClient,
    namespace: str,
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
) -> None:
    uid, call_id = uuid4(), uuid4()
    said = {"title": "Alice paid", "body": "canary-9d1c"}
    async with served(client, namespace, database, store) as (scene, performer):
        own = await scene.agent(database, uid)
        performer.dies = True
        assert (await scene.call(own, "event.publish", call_id, **said))[0] == 500
        performer.dies = False
        again = [await scene.call(own, "event.publish", call_id, **said) for _ in range(3)]
        assert {status for status, _ in again} == {200}
        assert len({str(answer) for _, answer in again}) == 1
        status, _ = await scene.call(own, "event.publish", call_id, title="another")
        assert status == 409
        # A retry reads what was there at first.
        read = uuid4()
        await scene.call(own, "io.write", path="notes/a", content="one")
        first = await scene.call(own, "io.read", read, path="notes/a")
        await scene.call(own, "io.write", path="notes/a", content="two")
        assert await scene.call(own, "io.read", read, path="notes/a") == first
    recorded = await events(superuser, uid)
    published = [each for each in recorded if each["event_type"] == "task.message.published.v1"]
    assert len(published) == 1
    assert "canary" not in str(recorded)
    assert "Alice" not in str(recorded)
    message = await store.get(f"workspaces/{uid}/.messages/{call_id}.json", max_bytes=1000)
    assert b"canary-9d1c" in message
    called = [each for each in recorded if each["event_type"] == "task.tool.called.v1"]
    assert len({each["event_id"] for each in called}) == len(called) == 4


async def test_the_journal_keeps_what_it_has(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    journal = ToolCalls(database, service=Service.TOOL_GATEWAY, name="tests")
    task, call = uuid4(), uuid4()
    await journal.begin(task, call, "io.read", b"0" * 32, None)
    assert await journal.finish(task, call, "first") == "first"
    assert await journal.finish(task, call, "second") == "first"
    await journal.close()
    for statement in (
        "UPDATE record.tool_calls SET answer = 'x'",
        "UPDATE record.tool_calls SET tool = 'x'",
        "DELETE FROM record.tool_calls",
        "TRUNCATE record.tool_calls",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await superuser.execute(statement)


async def test_a_transcript_is_its_attempts_and_is_taken_up_by_the_next_one(
    client: KubernetesClient, namespace: str, database: SecretStr, store: ObjectStore
) -> None:
    uid = uuid4()
    said = Transcript(messages=({"role": "user", "content": "Look."},)).to_json()
    async with served(client, namespace, database, store) as (scene, _):
        first = await scene.agent(database, uid)
        assert (await scene.transcript(first))[0] == 404
        assert (await scene.transcript(first, said))[0] == 204
        for wrong, status in ((b"{}", 422), (b'{"messages": [7]}', 422), (b"x" * 1_000_001, 413)):
            assert (await scene.transcript(first, wrong))[0] == status
        assert await scene.transcript(first) == (200, said)
        # An attempt that kept nothing is passed by; another task and another workflow see nothing.
        third = await scene.agent(database, uid, attempt=3)
        assert await scene.transcript(third) == (200, said)
        for stranger in (
            await scene.agent(database, uid, "brief", attempt=2),
            await scene.agent(database, uuid4(), attempt=2),
        ):
            assert (await scene.transcript(stranger))[0] == 404


async def test_an_attempt_goes_on_where_the_one_before_ran_out_of_money(
    client: KubernetesClient,
    namespace: str,
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    tmp_path: Path,
) -> None:
    uid = uuid4()
    work = turn(use("io.write", path="notes/a.md", content="x"), use("event.publish", title="Saw"))
    limits = {"max_turns": 4, "max_tokens": 2000, "timeout_seconds": 60}
    async with (
        served(client, namespace, database, store) as (scene, _),
        AgentServices([work, turn("It is done.")], fail_with=402, fail_after=1) as services,
    ):

        async def attempt(number: int) -> int:
            job = f"place-{number}-{uuid4().hex[:8]}"
            given = assignment(uid, scene.hash, tools=TOOLS, attempt=number, limits=limits)
            await assign(database, job, given)
            by = await token(client, namespace, job, uid, AUDIENCE)
            code, _, _ = await run_agent(
                tmp_path / "agent", services.url, given.to_json(), tools=(scene.url, by)
            )
            return code

        assert await attempt(1) == EXIT_BUDGET
        services.fail_with = 0
        assert await attempt(2) == EXIT_DONE

    roles = [each["role"] for each in services.asked[-1]["messages"]]
    assert roles == ["user", "assistant", "user"], "what was said is said once"
    kinds = [each["event_type"] for each in await events(superuser, uid)]
    assert sorted(kinds) == ["task.message.published.v1"] + ["task.tool.called.v1"] * 2
    kept = await store.get(transcript_key(uid, "research", 2), max_bytes=1_000_000)
    transcript = parse_transcript(kept)
    assert (transcript.ended, transcript.turns) == ("Done", 2)
