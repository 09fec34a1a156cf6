"""From kubeconfig files to the access that their current context, or another, describes.

As kubectl reads them: several files are merged, the first that says something counts, and paths in
a file are relative to it. No pydantic here: importing it takes longer than reading the file.
"""

import base64
import binascii
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import yaml

from venture_core.kubernetes.access import Access, FixedCredentials, KubeconfigError, Material

if TYPE_CHECKING:
    from venture_core.kubernetes.access import Credentials

DEFAULT_PATH: Final = "~/.kube/config"
MAX_BYTES: Final = 10 * 1024 * 1024
_NAMES: Final = {str: "a text", bool: "true or false", list: "a list", dict: "an object"}
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Entry:
    """A named part of a kubeconfig: a context, a cluster or a user, and where it is written."""

    what: str
    body: dict[str, Any]
    file: Path

    def value[T](self, key: str, kind: type[T]) -> T | None:
        """Return what is written under a key, None where nothing is. KubeconfigError for others."""
        value = self.body.get(key)
        if value is None or isinstance(value, kind):
            return value
        raise KubeconfigError(f"{self.what} in {self.file}: {key} is not {_NAMES[kind]}")

    def text(self, key: str) -> str:
        """Return the text under a key, empty where there is none."""
        return self.value(key, str) or ""

    def part(self, key: str) -> Entry | None:
        """Return the object under a key."""
        body = self.value(key, dict)
        return None if body is None else Entry(f"{key} of {self.what}", body, self.file)

    def path(self, key: str) -> Path | None:
        """Return the path under a key, relative to the file it is written in."""
        text = self.text(key)
        return self.file.absolute().parent / Path(text).expanduser() if text else None

    def material(self, key: str) -> Material | None:
        """Return what `KEY-data` holds in base64, else what the file at `KEY` holds."""
        data = self.text(f"{key}-data")
        if not data:
            path = self.path(key)
            return None if path is None else Material(path=path)
        try:
            return Material(base64.b64decode("".join(data.split()), validate=True).decode())
        except (binascii.Error, UnicodeDecodeError) as error:
            message = f"{self.what} in {self.file}: {key}-data is no text in base64"
            raise KubeconfigError(message) from error


@dataclass(slots=True)
class _Merged:
    current: str = ""
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    """By list (`contexts`, `clusters`, `users`) and name."""

    def find(self, kind: str, name: str, files: str) -> Entry:
        entry = self.entries.get((f"{kind}s", name))
        if entry is None:
            raise KubeconfigError(f"there is no {kind} {name!r} in {files}")
        return entry


def load_kubeconfig(given: str | None = None, context: str | None = None) -> Access:
    """Return the access that a context describes.

    `given` names a file, or several as KUBECONFIG does; without it KUBECONFIG counts, then the
    home folder. Raises KubeconfigError.
    """
    paths = _paths(given)
    files = os.pathsep.join(map(str, paths))
    merged = _Merged()
    for path in paths:
        _merge(merged, path)
    name = context or merged.current
    if not name:
        raise KubeconfigError(f"no current context is set in {files}")
    chosen = merged.find("context", name, files)
    cluster = merged.find("cluster", chosen.text("cluster"), files)
    named = chosen.text("user")
    user = merged.find("user", named, files) if named else Entry("no user", {}, chosen.file)
    return _access(cluster, user, chosen.text("namespace") or "default")


def _paths(given: str | None) -> list[Path]:
    wanted = given or os.environ.get("KUBECONFIG") or DEFAULT_PATH
    paths = [Path(each).expanduser() for each in wanted.split(os.pathsep) if each]
    found = [path for path in paths if path.exists()]
    if not found:
        raise KubeconfigError(f"there is no file {wanted}")
    return found


def _merge(merged: _Merged, path: Path) -> None:
    body = _read(path)
    merged.current = merged.current or body.text("current-context")
    for kind in ("context", "cluster", "user"):
        for each in body.value(f"{kind}s", list) or []:
            named = Entry(f"an entry of {kind}s", each if isinstance(each, dict) else {}, path)
            name = named.text("name")
            if not name:
                raise KubeconfigError(f"{path}: an entry of {kind}s has no name")
            content = named.value(kind, dict) or {}
            merged.entries.setdefault((f"{kind}s", name), Entry(f"{kind} {name}", content, path))


def _read(path: Path) -> Entry:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KubeconfigError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise KubeconfigError(f"{path} has more than {MAX_BYTES} bytes")
    try:
        body = yaml.load(data, _Loader)  # noqa: S506  a safe loader, written in C
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"
        raise KubeconfigError(f"{path} is not YAML{where}") from error
    if body is not None and not isinstance(body, dict):
        raise KubeconfigError(f"{path} is no kubeconfig: it holds no object")
    return Entry("the kubeconfig", body or {}, path)


def _access(cluster: Entry, user: Entry, namespace: str) -> Access:
    authority = cluster.material("certificate-authority")
    verify = not cluster.value("insecure-skip-tls-verify", bool)
    server = cluster.text("server").rstrip("/")
    if server and "://" not in server:
        server = f"{'http' if authority is None and verify else 'https'}://{server}"
    if urlsplit(server).scheme not in {"http", "https"}:
        raise KubeconfigError(f"{cluster.what} in {cluster.file} has no usable server: {server!r}")
    proxy = cluster.text("proxy-url") or None
    if proxy is not None and urlsplit(proxy).scheme not in {"http", "https"}:
        raise KubeconfigError(f"{cluster.what} in {cluster.file}: proxies speak HTTP, not {proxy}")
    return Access(
        server=server,
        namespace=namespace,
        credentials=_credentials(user, cluster),
        authority=authority,
        verify=verify,
        server_name=cluster.text("tls-server-name") or None,
        proxy=proxy,
        impersonation=_impersonation(user),
    )


def _credentials(user: Entry, cluster: Entry) -> Credentials:
    chain, key = user.material("client-certificate"), user.material("client-key")
    if (chain is None) is not (key is None):
        message = f"{user.what} in {user.file}: a client certificate needs its key, and the reverse"
        raise KubeconfigError(message)
    token_file = user.path("tokenFile")
    token = Material(user.text("token"), token_file) if user.text("token") or token_file else None
    basic = None
    if name := user.text("username"):
        pair = f"{name}:{user.text('password')}".encode()
        basic = f"Basic {base64.b64encode(pair).decode()}"
    fixed = FixedCredentials(token=token, basic=basic, chain=chain, key=key)
    if fixed != FixedCredentials():
        # As for kubectl, what is written down comes before what would have to be asked for.
        return fixed
    if (plugin := user.part("exec")) is not None:
        from venture_core.kubernetes.execplugin import ExecCredentials

        return ExecCredentials.configured(plugin, cluster)
    if (provider := user.part("auth-provider")) is not None:
        from venture_core.kubernetes.oidc import OidcCredentials

        return OidcCredentials.configured(provider, user.what)
    return fixed


def _impersonation(user: Entry) -> tuple[tuple[str, str], ...]:
    headers = []
    if name := user.text("as"):
        headers.append(("Impersonate-User", name))
    if uid := user.text("as-uid"):
        headers.append(("Impersonate-Uid", uid))
    groups = user.value("as-groups", list) or []
    headers += [("Impersonate-Group", str(group)) for group in groups]
    for key, values in (user.value("as-user-extra", dict) or {}).items():
        extra = f"Impersonate-Extra-{quote(str(key), safe='')}"
        headers += [(extra, str(each)) for each in (values if isinstance(values, list) else [])]
    return tuple(headers)
