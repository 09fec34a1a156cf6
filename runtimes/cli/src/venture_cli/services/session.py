"""One command's connections: cluster and record. Each opens when it is needed."""

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

from venture_core.kubernetes.access import KubeconfigError
from venture_core.kubernetes.client import KubernetesClient

from venture_cli.domain.endpoints import ServiceAddress, local_endpoint, service_address
from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from types import TracebackType

    from pydantic import SecretStr
    from venture_core.kubernetes.portforward import PortForward
    from venture_core.treasury.client import TreasuryClient

    from venture_cli.domain.choices import Connection
    from venture_cli.services.content import Content
    from venture_cli.services.installation import Release
    from venture_cli.services.recordendpoints import Endpoint, Login


class Session:
    """Opens each connection at its first use and closes them all at the end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stack = AsyncExitStack()
        self.account = ""
        """As which account it acts by founders' API; empty while it does not."""
        self._client: KubernetesClient | None = None
        self._founder: KubernetesClient | None = None
        self._tried = False
        """Whether it was looked for who is signed in."""
        self._record_forwards: dict[Endpoint, AsyncExitStack] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def client(self) -> KubernetesClient:
        """Connect as whoever is signed in, by founders' API, else to the cluster by kubeconfig.

        A kubeconfig or context that the command names counts before who is signed in. CliError
        where there is neither, or the session has ended.
        """
        if self._founder is None and not self._tried:
            self._tried = True
            await self._sign_in_again()
        return self._founder or await self.cluster()

    async def is_signed_in(self) -> bool:
        """Return whether the command acts by founders' API. CliError as by `client`."""
        return await self.client() is self._founder

    async def _sign_in_again(self) -> None:
        if self._connection.kubeconfig or self._connection.context:
            return
        # Most commands are by kubeconfig, and end before this would be imported.
        from venture_cli.services import credentials

        if (signed_in := credentials.load()) is not None:
            from venture_cli.services.signin import check_time, speaking

            check_time(signed_in)
            self._founder = await self._stack.enter_async_context(speaking(self, signed_in))

    async def own_namespace(self) -> str:
        """Return the namespace that the command is about, by the kubeconfig."""
        return self._connection.namespace or (await self.cluster()).namespace

    async def forwarded(self, service: str, port: int) -> str:
        """Return the URL at which a Service's port is forwarded to here, by the kubeconfig."""
        namespace, _, name = service.partition("/")
        address = ServiceAddress(service=name, namespace=namespace, port=port)
        forward = await _forward(self._stack, await self.cluster(), address)
        return f"https://127.0.0.1:{forward.port}"

    async def cluster(self) -> KubernetesClient:
        """Connect to the cluster by kubeconfig. CliError where none is configured."""
        if self._client is None:
            wanted = self._connection
            opening = KubernetesClient.from_kubeconfig(
                wanted.kubeconfig, wanted.context, brief=True
            )
            try:
                self._client = await self._stack.enter_async_context(opening)
            except KubeconfigError as error:
                raise _no_cluster(str(error)) from error
        return self._client

    async def place(self) -> tuple[KubernetesClient, str]:
        """Return the cluster and the namespace that the command is about."""
        client = await self.client()
        return client, self._connection.namespace or client.namespace

    @property
    def given_namespace(self) -> str | None:
        """What `--namespace` says."""
        return self._connection.namespace

    @property
    def release(self) -> Release:
        """Which installation the command is about."""
        from venture_cli.services.installation import Release

        return Release(self._connection.system_namespace, self._connection.release)

    async def content(self) -> Content:
        """Return what gives artifacts, events and logs of builds. CliError without a cluster."""
        from venture_cli.services.content import Content

        return Content(await self.client())

    async def treasury(self) -> TreasuryClient:
        """Return the way to the treasury, as its treasurer.

        CliError where there is none or a right is missing, KubernetesError where the cluster
        refuses.
        """
        from venture_core.treasury.client import TreasuryClient

        from venture_cli.services.treasury import PORT, find_counter, given_url

        client = await self.cluster()
        counter = await find_counter(client, self.release)
        if (url := given_url()) is None:
            address = ServiceAddress(counter.namespace, counter.service, PORT)
            forward = await _forward(self._stack, client, address)
            url = f"https://127.0.0.1:{forward.port}"
        opening = TreasuryClient(
            url,
            token=lambda: counter.token,
            authorities=lambda: counter.authorities,
            host=counter.host,
        )
        return await self._stack.enter_async_context(opening)

    async def record_url(self, endpoint: Endpoint, login: Login | None = None) -> SecretStr:
        """Return where the record's Postgres or NATS is reached from here, by default as auditor.

        As the environment says, else as the installation is configured. Asked again, it looks
        again: the pod behind a port-forward may have been replaced. Raises CliError where neither
        is there, KubernetesError where the cluster refuses.
        """
        from pydantic import SecretStr

        from venture_cli.services.recordendpoints import Login, find_url

        if given := os.environ.get(endpoint):
            return SecretStr(given)
        client = await self.cluster()
        url = await find_url(client, self.release, endpoint, login or Login.AUDITOR)
        if (address := service_address(url)) is None:
            return SecretStr(url)
        if (before := self._record_forwards.get(endpoint)) is not None:
            await before.aclose()
        stack = AsyncExitStack()
        self._stack.push_async_callback(stack.aclose)
        self._record_forwards[endpoint] = stack
        forward = await _forward(stack, client, address)
        return SecretStr(local_endpoint(url, forward.port))


async def _forward(
    stack: AsyncExitStack, client: KubernetesClient, address: ServiceAddress
) -> PortForward:
    from venture_core.kubernetes.portforward import find_service_port, forward_port

    target = await find_service_port(client, address.namespace, address.service, address.port)
    return await stack.enter_async_context(forward_port(client, target))


def _no_cluster(reason: str) -> CliError:
    return CliError(
        f"no cluster is configured: {reason}",
        ExitCode.UNREACHABLE,
        next_step="Name a kubeconfig with --kubeconfig or KUBECONFIG, "
        "and one of its contexts with --context.",
    )
