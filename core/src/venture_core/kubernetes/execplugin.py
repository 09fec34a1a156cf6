"""Logins from a program that the kubeconfig names, as clouds and single sign-on bring them.

The protocol is client.authentication.k8s.io, v1 or v1beta1: the program gets KUBERNETES_EXEC_INFO
and prints an ExecCredential. Its standard error is the user's terminal.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from venture_core.kubernetes.access import (
    Certificate,
    CredentialsError,
    KubeconfigError,
    Login,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.kubernetes.kubeconfig import Entry

_VERSIONS: Final = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_LEEWAY: Final = timedelta(seconds=10)
"""A login that ends so soon is not used any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecPlugin:
    """The program and how it is called."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    api_version: str
    interactive: bool
    """Whether it may ask on the terminal."""
    cluster: Mapping[str, Any] | None
    """What it is told of the cluster."""
    install_hint: str


class ExecCredentials:
    """Runs the program at the first use, again once its login has ended or was refused."""

    def __init__(self, plugin: ExecPlugin) -> None:
        self._plugin = plugin
        self._login: Login | None = None
        self._ends: datetime | None = None
        self._running = asyncio.Lock()

    @classmethod
    def configured(cls, entry: Entry, cluster: Entry) -> Self:
        """Read `exec` of a user. KubeconfigError where it cannot be called."""
        command = entry.text("command")
        if not command:
            raise KubeconfigError(f"{entry.what} in {entry.file} names no command")
        if os.sep in command:
            command = str(entry.path("command"))
        version = entry.text("apiVersion")
        if version not in _VERSIONS:
            known = " or ".join(_VERSIONS)
            raise KubeconfigError(f"{entry.what} in {entry.file}: apiVersion is not {known}")
        mode = entry.text("interactiveMode") or "IfAvailable"
        return cls(
            ExecPlugin(
                command=(command, *map(str, entry.value("args", list) or [])),
                environment=_environment(entry),
                api_version=version,
                interactive=mode != "Never" and sys.stdin is not None and sys.stdin.isatty(),
                cluster=_described(cluster) if entry.value("provideClusterInfo", bool) else None,
                install_hint=entry.text("installHint"),
            )
        )

    async def login(self) -> Login:
        """Return the program's login. CredentialsError where it gives none."""
        async with self._running:
            ended = self._ends is not None and datetime.now(UTC) >= self._ends - _LEEWAY
            if self._login is None or ended:
                status = _status(await _run(self._plugin), self._plugin)
                self._login, self._ends = _login(status, self._plugin), _end(status)
            return self._login

    def refused(self) -> bool:
        """Forget the login; the program may give another."""
        self._login = None
        return True


def _environment(entry: Entry) -> dict[str, str]:
    try:
        variables = entry.value("env", list) or []
        return {str(each["name"]): str(each["value"]) for each in variables}
    except (TypeError, KeyError) as error:
        message = f"{entry.what} in {entry.file}: env holds more than names and values"
        raise KubeconfigError(message) from error


def _described(cluster: Entry) -> dict[str, Any]:
    described: dict[str, Any] = {"server": cluster.text("server")}
    authority = cluster.text("certificate-authority-data")
    optional = {
        "tls-server-name": cluster.text("tls-server-name"),
        "insecure-skip-tls-verify": cluster.value("insecure-skip-tls-verify", bool),
        "certificate-authority-data": authority,
        "proxy-url": cluster.text("proxy-url"),
    }
    for extension in cluster.value("extensions", list) or []:
        if (
            isinstance(extension, dict)
            and extension.get("name") == "client.authentication.k8s.io/exec"
        ):
            optional["config"] = extension.get("extension")
    return described | {key: value for key, value in optional.items() if value}


async def _run(plugin: ExecPlugin) -> bytes:
    spec: dict[str, Any] = {"interactive": plugin.interactive}
    if plugin.cluster is not None:
        spec["cluster"] = dict(plugin.cluster)
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    environment = os.environ | plugin.environment | {"KUBERNETES_EXEC_INFO": json.dumps(info)}
    name = plugin.command[0]
    try:
        process = await asyncio.create_subprocess_exec(
            *plugin.command,
            env=environment,
            stdin=None if plugin.interactive else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        hint = f"\n{plugin.install_hint}" if plugin.install_hint else ""
        message = f"cannot run the login program {name}: {error.strerror}{hint}"
        raise CredentialsError(message) from error
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise CredentialsError(f"the login program {name} failed with {process.returncode}")
    return output


def _status(output: bytes, plugin: ExecPlugin) -> dict[str, Any]:
    name = plugin.command[0]
    try:
        answer = json.loads(output)
        kind, version, status = answer["kind"], answer["apiVersion"], answer["status"]
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        raise CredentialsError(f"the login program {name} printed no ExecCredential") from error
    if (kind, version) != ("ExecCredential", plugin.api_version) or not isinstance(status, dict):
        raise CredentialsError(f"the login program {name} answered with {version} {kind}")
    return status


def _login(status: dict[str, Any], plugin: ExecPlugin) -> Login:
    token = status.get("token")
    chain, key = status.get("clientCertificateData"), status.get("clientKeyData")
    if not token and not (chain and key):
        name = plugin.command[0]
        raise CredentialsError(f"the login program {name} gave neither token nor certificate")
    certificate = Certificate(str(chain), str(key)) if chain and key else None
    return Login(f"Bearer {token}" if token else None, certificate)


def _end(status: dict[str, Any]) -> datetime | None:
    try:
        end = datetime.fromisoformat(status["expirationTimestamp"])
    except KeyError, TypeError, ValueError:
        return None
    return end if end.tzinfo else end.replace(tzinfo=UTC)
