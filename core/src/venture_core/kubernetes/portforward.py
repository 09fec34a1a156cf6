"""A port of a pod on this machine's loopback, through the API server, as `kubectl port-forward`.

Each connection is a WebSocket of the subprotocol v4.channel.k8s.io. Every message starts with a
byte that names its channel: 0 carries data, 1 an error in words; the first message of each channel
holds only the port's number. The protocol has no half-close: either side ends the connection.
"""

import asyncio
import contextlib
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import aiohttp

from venture_core.kubernetes.access import AccessError
from venture_core.kubernetes.errors import (
    KubernetesError,
    NotFoundError,
    error_from_status,
    unreachable,
)
from venture_core.kubernetes.resources import PODS, SERVICES, Resource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from venture_core.kubernetes.client import Body, KubernetesClient

ENDPOINT_SLICES: Final = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")

_SUBPROTOCOL: Final = "v4.channel.k8s.io"
_DATA: Final = b"\x00"
_ERROR: Final = b"\x01"
_CHUNK_BYTES: Final = 32 * 1024
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class PodPort:
    """A port that a pod listens on."""

    namespace: str
    pod: str
    port: int


@dataclass(slots=True)
class PortForward:
    """An open port on 127.0.0.1; whoever connects to it talks to the pod."""

    port: int
    """The local port, chosen by the operating system."""
    error: str = ""
    """Why the latest failed connection failed; the local peer only sees its connection close."""


async def find_service_port(
    client: KubernetesClient, namespace: str, service: str, port: int
) -> PodPort:
    """Return a ready pod behind a Service, and its port that the Service's TCP `port` leads to.

    Raises NotFoundError where the Service, the port, or a ready pod is missing.
    """
    where = f"Service {service} in {namespace}"
    body = await client.get(SERVICES, service, namespace)
    if body is None:
        raise NotFoundError(HTTPStatus.NOT_FOUND, "NotFound", f"there is no {where}")
    names = [
        each.get("name", "")
        for each in body["spec"]["ports"]
        if each["port"] == port and each["protocol"] == "TCP"
    ]
    if not names:
        raise NotFoundError(HTTPStatus.NOT_FOUND, "NotFound", f"the {where} has no TCP port {port}")
    slices = await client.list(
        ENDPOINT_SLICES, namespace, label_selector=f"kubernetes.io/service-name={service}"
    )
    for each in slices:
        if (found := _ready_pod(each, names[0])) is not None:
            return PodPort(namespace, *found)
    raise NotFoundError(HTTPStatus.NOT_FOUND, "NotFound", f"no pod of the {where} is ready")


def _ready_pod(endpoint_slice: Body, port_name: str) -> tuple[str, int] | None:
    ports = endpoint_slice.get("ports") or []
    numbers = [each["port"] for each in ports if (each.get("name") or "") == port_name]
    for endpoint in endpoint_slice.get("endpoints") or []:
        # The API says that an absent `ready` counts as ready.
        ready = endpoint.get("conditions", {}).get("ready", True)
        target = endpoint.get("targetRef") or {}
        if numbers and ready and target.get("kind") == "Pod":
            return target["name"], numbers[0]
    return None


@asynccontextmanager
async def forward_port(client: KubernetesClient, target: PodPort) -> AsyncIterator[PortForward]:
    """Listen on a free port of 127.0.0.1 and carry each connection to the pod's port.

    Opens one connection at once, so that a refusal is raised here: ForbiddenError, NotFoundError,
    or another KubernetesError. Connections that are open at the end are closed.
    """
    connector = _Connector(client, target)
    # A pod that does not listen is reported on the error channel of the first real connection.
    async with connector.open():
        pass
    connections: set[asyncio.Task[None]] = set()
    forward = PortForward(port=0)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("asyncio runs this callback as a task")
        connections.add(task)
        try:
            await _carry(connector, reader, writer, forward)
        finally:
            connections.discard(task)

    server = await asyncio.start_server(accept, _LOOPBACK, 0)
    forward.port = server.sockets[0].getsockname()[1]
    try:
        yield forward
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


class _Connector:
    """Opens WebSockets to one port of one pod, on the client's own session."""

    def __init__(self, client: KubernetesClient, target: PodPort) -> None:
        self._connection = client.connection
        self._target = target

    @asynccontextmanager
    async def open(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        target = self._target
        path = PODS.path(target.namespace, target.pod, "portforward")
        what = f"the port {target.port} of pod {target.pod} in {target.namespace}"
        opening = self._connection.websocket(
            path, query={"ports": str(target.port)}, protocol=_SUBPROTOCOL
        )
        async with AsyncExitStack() as stack:
            try:
                websocket = await stack.enter_async_context(opening)
            except aiohttp.WSServerHandshakeError as error:
                message = f"the API server refused ({error.status}) to forward {what}"
                if error.status == HTTPStatus.FORBIDDEN:
                    # The handshake's answer is lost, and with it what the server said.
                    message += ": it takes the verbs get and create on pods/portforward"
                raise error_from_status(error.status, "PortForward", message) from error
            except (aiohttp.ClientError, TimeoutError) as error:
                raise unreachable(f"to forward {what}", error) from error
            yield websocket


async def _carry(
    connector: _Connector,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    forward: PortForward,
) -> None:
    """Carry one local connection to the pod until either side ends it."""
    try:
        async with connector.open() as websocket:
            upload = asyncio.create_task(_upload(reader, websocket))
            try:
                await _download(websocket, writer)
            finally:
                upload.cancel()
                await asyncio.gather(upload, return_exceptions=True)
    except (KubernetesError, AccessError, _RemoteError) as error:
        forward.error = str(error)
    except ConnectionError, aiohttp.ClientError:
        # Whoever hung up knows; the other side sees its connection close.
        forward.error = "the connection was cut off"
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


class _RemoteError(Exception):
    """The kubelet could not reach the pod's port; the message is its own."""


async def _upload(reader: asyncio.StreamReader, websocket: aiohttp.ClientWebSocketResponse) -> None:
    while data := await reader.read(_CHUNK_BYTES):
        await websocket.send_bytes(_DATA + data)
    await websocket.close()


async def _download(
    websocket: aiohttp.ClientWebSocketResponse, writer: asyncio.StreamWriter
) -> None:
    announced: set[bytes] = set()
    async for message in websocket:
        if message.type is not aiohttp.WSMsgType.BINARY:
            continue
        channel, data = message.data[:1], message.data[1:]
        if channel not in announced:
            announced.add(channel)
        elif channel == _DATA:
            writer.write(data)
            await writer.drain()
        elif channel == _ERROR and data:
            raise _RemoteError(data.decode(errors="replace").strip())
