"""What kubeconfig files mean, and what is said of those that mean nothing."""

import base64
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from aiohttp import web
from venture_core.kubernetes.access import (
    AccessError,
    CredentialsError,
    KubeconfigError,
    Login,
    in_cluster,
)
from venture_core.kubernetes.connection import tls_context
from venture_core.kubernetes.kubeconfig import load_kubeconfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVER = "https://cluster.example:6443"


def kubeconfig(
    folder: Path, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None
) -> str:
    body = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": SERVER} | (cluster or {})}],
        "users": [{"name": "u", "user": user or {}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(body), encoding="utf-8")
    return str(path)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def login(path: str) -> Login:
    return await load_kubeconfig(path).credentials.login()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no current context is set in"),
        ("- a\n- list\n", "is no kubeconfig: it holds no object"),
        ("a: [b\n", "is not YAML at line 2, column 1"),
        ("\x00", "is not YAML"),
        ("[" * 5000, "is not YAML"),
        ("current-context: 7\n", "current-context is not a text"),
        ("current-context: x\ncontexts: 7\n", "contexts is not a list"),
        ("current-context: x\ncontexts: [7]\n", "an entry of contexts has no name"),
        ("current-context: x\ncontexts: [{name: y}]\n", "there is no context 'x' in"),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n",
            "there is no cluster 'c' in",
        ),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
            "clusters: [{name: c, cluster: {}}]\n",
            "cluster c in",
        ),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
            "clusters: [{name: c, cluster: {server: s}}]\n",
            "there is no user 'u' in",
        ),
    ],
)
def test_a_broken_kubeconfig_is_named_and_what_is_wrong_with_it(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KubeconfigError) as caught:
        load_kubeconfig(str(path))
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("user", "cluster", "sentence"),
    [
        ({"token": 7}, {}, "user u in"),
        ({"client-certificate-data": "%"}, {}, "client-certificate-data is no text in base64"),
        ({"client-certificate-data": encoded("x")}, {}, "needs its key"),
        ({"auth-provider": {"name": "gcp"}}, {}, "'gcp' is not supported"),
        ({"exec": {}}, {}, "names no command"),
        ({"exec": {"command": "x", "apiVersion": "v0"}}, {}, "apiVersion is not"),
        (
            {"exec": {"command": "x", "apiVersion": "client.authentication.k8s.io/v1", "env": [7]}},
            {},
            "env holds more than names and values",
        ),
        ({}, {"proxy-url": "socks5://x"}, "proxies speak HTTP"),
        ({}, {"server": "ftp://x"}, "no usable server"),
        ({}, {"certificate-authority": ["x"]}, "certificate-authority is not a text"),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(KubeconfigError) as caught:
        load_kubeconfig(kubeconfig(tmp_path, user, cluster))
    assert sentence in str(caught.value)


def test_no_file_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(KubeconfigError, match=r"there is no file .*none"):
        load_kubeconfig()


async def test_of_several_files_the_first_that_says_something_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    second.mkdir()
    (second / "token").write_text("from-beside-the-second\n", encoding="utf-8")
    first.write_text(
        "clusters: [{name: c, cluster: {server: 'https://first:1/path/'}}]\n", encoding="utf-8"
    )
    (second / "config").write_text(
        "current-context: x\n"
        "contexts: [{name: x, context: {cluster: c, user: u, namespace: ours}}]\n"
        "clusters: [{name: c, cluster: {server: 'https://second:1'}}]\n"
        "users: [{name: u, user: {tokenFile: token}}]\n",
        encoding="utf-8",
    )
    names = (first, tmp_path / "none", second / "config")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, names)))
    access = load_kubeconfig()
    assert (access.server, access.namespace) == ("https://first:1/path", "ours")
    assert (await access.credentials.login()).authorization == "Bearer from-beside-the-second"


async def test_users_log_in_as_kubectl_would(tmp_path: Path) -> None:
    assert await login(kubeconfig(tmp_path, {"token": "t"})) == Login("Bearer t")
    basic = await login(kubeconfig(tmp_path, {"username": "me", "password": "pw"}))
    assert basic == Login(f"Basic {encoded('me:pw')}")
    pair = {"client-certificate-data": encoded("cert"), "client-key-data": encoded("key")}
    both = await login(kubeconfig(tmp_path, pair | {"token": "t"}))
    assert both.certificate is not None
    assert (both.certificate.chain, both.certificate.key) == ("cert", "key")
    assert both.authorization == "Bearer t"
    assert await login(kubeconfig(tmp_path)) == Login()


def test_whom_the_user_acts_as_goes_along(tmp_path: Path) -> None:
    user = {"as": "jane", "as-groups": ["a", "b"], "as-user-extra": {"reason/x": ["y"]}}
    assert load_kubeconfig(kubeconfig(tmp_path, user)).impersonation == (
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-reason%2Fx", "y"),
    )


async def test_a_token_file_that_is_replaced_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one", encoding="utf-8")
    credentials = load_kubeconfig(kubeconfig(tmp_path, {"tokenFile": "token"})).credentials
    assert (await credentials.login()).authorization == "Bearer one"
    file.write_text("two", encoding="utf-8")
    assert (await credentials.login()).authorization == "Bearer one"
    assert credentials.refused()
    assert (await credentials.login()).authorization == "Bearer two"
    file.unlink()
    assert credentials.refused()
    assert (await credentials.login()).authorization == "Bearer two"


async def test_a_pod_logs_in_as_its_service_account(tmp_path: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    with pytest.raises(KubeconfigError, match="no service account"):
        in_cluster(environment, tmp_path)
    for name, text in (("token", "t\n"), ("ca.crt", "CA"), ("namespace", "venture-system")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    access = in_cluster(environment, tmp_path)
    assert (access.server, access.namespace) == ("https://[fd00::1]:443", "venture-system")
    assert await access.credentials.login() == Login("Bearer t")
    with pytest.raises(KubeconfigError, match="this is no pod"):
        in_cluster({}, tmp_path)


PLUGIN = """
import json, os, pathlib, sys
count = pathlib.Path(sys.argv[1])
number = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(number))
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
answer = {"apiVersion": info["apiVersion"], "kind": "ExecCredential", "status": {
    "token": f"{os.environ['PREFIX']}{number} of {info['spec'].get('cluster', {}).get('server')}",
    "expirationTimestamp": sys.argv[2]}}
print(json.dumps(answer))
"""


def plugin(folder: Path, ends: str) -> dict[str, Any]:
    (folder / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [str(folder / "plugin.py"), str(folder / "count"), ends],
            "env": [{"name": "PREFIX", "value": "token-"}],
            "interactiveMode": "Never",
            "provideClusterInfo": True,
        }
    }


async def test_a_login_program_runs_once_and_again_when_refused(tmp_path: Path) -> None:
    user = plugin(tmp_path, "2100-01-01T00:00:00Z")
    credentials = load_kubeconfig(kubeconfig(tmp_path, user)).credentials
    for _ in range(2):
        assert (await credentials.login()).authorization == f"Bearer token-1 of {SERVER}"
    assert credentials.refused()
    assert (await credentials.login()).authorization == f"Bearer token-2 of {SERVER}"


async def test_a_login_that_has_ended_is_not_used(tmp_path: Path) -> None:
    user = plugin(tmp_path, "2000-01-01T00:00:00Z")
    credentials = load_kubeconfig(kubeconfig(tmp_path, user)).credentials
    await credentials.login()
    assert (await credentials.login()).authorization == f"Bearer token-2 of {SERVER}"


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("raise SystemExit(3)", "failed with 3"),
        ("print('hello')", "printed no ExecCredential"),
        ("print('[' * 100000)", "printed no ExecCredential"),
        ('print(\'{"kind": "Pod", "apiVersion": "v1", "status": {}}\')', "v1 Pod"),
        (
            'print(\'{"kind": "ExecCredential", "status": {}, '
            '"apiVersion": "client.authentication.k8s.io/v1"}\')',
            "neither token nor certificate",
        ),
    ],
)
async def test_a_login_program_that_fails_is_named(
    tmp_path: Path, program: str, sentence: str
) -> None:
    user = plugin(tmp_path, "")
    (tmp_path / "plugin.py").write_text(program, encoding="utf-8")
    with pytest.raises(CredentialsError) as caught:
        await login(kubeconfig(tmp_path, user))
    assert sentence in str(caught.value)
    assert sys.executable in str(caught.value)


async def test_a_login_program_that_is_not_there_is_named_with_its_hint(tmp_path: Path) -> None:
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "venture-no-such-program",
            "installHint": "Get it from your cloud.",
        }
    }
    with pytest.raises(CredentialsError) as caught:
        await login(kubeconfig(tmp_path, user))
    assert "venture-no-such-program: No such file" in str(caught.value)
    assert "Get it from your cloud." in str(caught.value)


def jwt(ends: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": ends}).encode()).decode().rstrip("=")
    return f"e30.{claims}.sig"


class Provider:
    """An OpenID Connect provider that takes each refresh token once, over real HTTP."""

    def __init__(self) -> None:
        self.issuer = ""
        self.forms: list[dict[str, str]] = []
        self.known = "first"

    async def discovery(self, request: web.Request) -> web.Response:
        del request
        return web.json_response({"token_endpoint": f"{self.issuer}/token"})

    async def token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        if form["refresh_token"] != self.known or "client_id" not in form:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.known = f"after-{self.known}"
        new = {"id_token": jwt(time.time() + 3600), "refresh_token": self.known}
        return web.json_response(new)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", provider.discovery)
    app.router.add_post("/token", provider.token)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield provider
    await runner.cleanup()


def oidc(provider: Provider, id_token: str, refresh_token: str) -> dict[str, Any]:
    config = {
        "client-id": "venture",
        "client-secret": "s",
        "id-token": id_token,
        "idp-issuer-url": provider.issuer,
        "refresh-token": refresh_token,
    }
    return {"auth-provider": {"name": "oidc", "config": config}}


def kept_config(path: Path) -> dict[str, str]:
    assert path.stat().st_mode & 0o777 == 0o600
    kept = yaml.safe_load(path.read_text(encoding="utf-8"))
    config: dict[str, str] = kept["users"][0]["user"]["auth-provider"]["config"]
    return config


async def test_an_id_token_is_renewed_and_written_back(tmp_path: Path, provider: Provider) -> None:
    path = kubeconfig(tmp_path, oidc(provider, jwt(time.time() - 1), "first"))
    first = await login(path)
    # Another process later begins with what this one left.
    assert await login(path) == first
    config = kept_config(Path(path))
    assert first.authorization == f"Bearer {config['id-token']}"
    assert config["refresh-token"] == "after-first"
    # One refused try with the header, one with the form; providers differ in what they take.
    assert len(provider.forms) == 2


async def test_a_valid_id_token_asks_nobody(tmp_path: Path, provider: Provider) -> None:
    token = jwt(time.time() + 3600)
    assert await login(kubeconfig(tmp_path, oidc(provider, token, "first"))) == Login(
        f"Bearer {token}"
    )
    assert provider.forms == []


async def test_a_login_that_cannot_be_renewed_is_said(tmp_path: Path, provider: Provider) -> None:
    for refresh, sentence in (("", "there is no refresh token"), ("stolen", "log in again")):
        with pytest.raises(CredentialsError, match=sentence):
            await login(kubeconfig(tmp_path, oidc(provider, jwt(1), refresh)))


async def test_certificates_that_are_none_are_said(tmp_path: Path) -> None:
    pair = {"client-certificate-data": encoded("cert"), "client-key-data": encoded("key")}
    access = load_kubeconfig(kubeconfig(tmp_path, pair))
    with pytest.raises(CredentialsError, match="client certificate is unusable"):
        tls_context(access, "", (await access.credentials.login()).certificate)
    with pytest.raises(AccessError, match="certificate authority is unusable"):
        tls_context(access, "no PEM", None)
