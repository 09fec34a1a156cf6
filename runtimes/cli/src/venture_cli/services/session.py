"""One command's connections: cluster, bucket, keys, record. Each opens when it is needed."""

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

from venture_core.kubernetes.access import KubeconfigError
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.resources import CONFIG_MAPS

from venture_cli.domain.endpoints import ServiceAddress, local_endpoint, service_address
from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from pydantic import SecretStr
    from venture_core.kubernetes.portforward import PortForward
    from venture_core.objectstore import ObjectStore

    from venture_cli.domain.choices import Connection
    from venture_cli.services.installation import Installation, Release
    from venture_cli.services.recordendpoints import Endpoint, Login

type TrustedKeys = dict[str, Ed25519PublicKey]


class Session:
    """Opens each connection at its first use and closes them all at the end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stack = AsyncExitStack()
        self._client: KubernetesClient | None = None
        self._bucket: ObjectStore | None = None
        self._installation: Installation | None = None
        self._forward: PortForward | None = None
        self._record_forwards: dict[Endpoint, AsyncExitStack] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and self._forward and self._forward.error:
            # The store only saw its connection close; the port-forward knows why.
            error.add_note(self._forward.error)
        await self._stack.aclose()

    async def client(self) -> KubernetesClient:
        """Connect to the cluster. CliError where none is configured."""
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

    async def bucket(self) -> ObjectStore:
        """Connect to the bucket: as VENTURE_S3_* says, else as the installation is configured.

        A store that only pods can reach is reached through the API server. Raises CliError where
        neither is there, KubernetesError where the cluster refuses.
        """
        from venture_core.objectstore import ObjectStore

        from venture_cli.services.s3environment import s3_from_environment

        if self._bucket is None:
            settings = s3_from_environment()
            if settings is None:
                settings = (await self.installation()).s3
                if (address := service_address(settings.endpoint)) is not None:
                    endpoint = await self._forwarded(address, settings.endpoint)
                    settings = settings.model_copy(update={"endpoint": endpoint})
            self._bucket = ObjectStore(settings)
        return self._bucket

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
        client = await self.client()
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

    async def installation(self) -> Installation:
        """Return how Venture is installed in the cluster."""
        from venture_cli.services.installation import find_installation

        if self._installation is None:
            client = await self.client()
            self._installation = await find_installation(client, self.release)
        return self._installation

    async def trusted_keys(self, files: list[Path]) -> TrustedKeys:
        """Return the keys of those PEM files; without any, those that the operator published."""
        from venture_core.artifacts.provenance import key_id, load_public_key

        pems = [_read_pem(path) for path in files] or await self._published_pems()
        keys = [load_public_key(pem) for pem in pems]
        # The id is computed, never believed: a ConfigMap's key is only a name.
        return {key_id(key): key for key in keys}

    async def _published_pems(self) -> list[str]:
        from venture_cli.services.installation import DEFAULT_KEYS_CONFIG_MAP

        known = self._installation
        name = known.keys_config_map if known else DEFAULT_KEYS_CONFIG_MAP
        namespace = self._connection.system_namespace
        config_map = await (await self.client()).get(CONFIG_MAPS, name, namespace)
        pems = list((config_map or {}).get("data", {}).values())
        if not pems:
            raise CliError(
                f"there is no ConfigMap {name} with public keys in {namespace}",
                ExitCode.NOT_FOUND,
                next_step="Say where Venture is installed with --system-namespace, "
                "or name a public key with --key.",
            )
        return pems

    async def _forwarded(self, address: ServiceAddress, endpoint: str) -> str:
        self._forward = await _forward(self._stack, await self.client(), address)
        return local_endpoint(endpoint, self._forward.port)


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


def _read_pem(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"cannot read the key {path}: {error}", ExitCode.USAGE) from error
