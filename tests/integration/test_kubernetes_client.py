"""The client against a real API server: logins, and the ways to read many objects."""

import base64
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from installations import read_kubeconfig, write_kubeconfig
from venture_core.kubernetes.client import INITIAL_EVENTS_END, KubernetesClient
from venture_core.kubernetes.errors import ForbiddenError, KubernetesError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, CONFIG_MAPS, NAMESPACES, Resource

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body

SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
REVIEWS = Resource(
    "authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", namespaced=False
)


def config_map(number: int) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"cm-{number:02}", "labels": {"odd": str(number % 2)}},
        "data": {"text": "x" * 1000},
    }


async def whoami(client: KubernetesClient) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = await client.create(REVIEWS, body)
    return str(answer["status"]["userInfo"]["username"])


async def token(client: KubernetesClient, namespace: str) -> str:
    """Make a service account, and return a token of it."""
    body: Body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    if await client.get(SERVICE_ACCOUNTS, "robot", namespace) is None:
        await client.create(SERVICE_ACCOUNTS, body, namespace)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = SERVICE_ACCOUNTS.path(namespace, "robot", "token")
    answer = await client.request("POST", "serviceaccounts", path, body=request)
    return str(answer["status"]["token"])


def administrator(api_server: Path) -> dict[str, Any]:
    """Return the user of the server's own kubeconfig."""
    user: dict[str, Any] = read_kubeconfig(api_server)["users"][0]["user"]
    return user


def as_user(api_server: Path, folder: Path, user: dict[str, Any]) -> str:
    """Write a kubeconfig for the same cluster and another user."""
    config = read_kubeconfig(api_server)
    return str(write_kubeconfig(config, folder / "kubeconfig", user=user))


def login_program(folder: Path, status: str) -> dict[str, Any]:
    """Return a user whose program prints that status; it counts how often it ran."""
    program = folder / "login.py"
    program.write_text(
        "import json, pathlib\n"
        f"runs = pathlib.Path({str(folder / 'runs')!r})\n"
        "runs.write_text(runs.read_text() + 'x' if runs.exists() else 'x')\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1',\n"
        f"  'kind': 'ExecCredential', 'status': {status}}}))\n",
        encoding="utf-8",
    )
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": sys.executable, "args": [str(program)]}}


@pytest.mark.parametrize("brief", [False, True], ids=["lasting", "brief"])
class TestLogins:
    """Each kind of login, judged by the API server, by either way of sending requests."""

    async def test_a_token_file_that_rotates(
        self,
        client: KubernetesClient,
        namespace: str,
        api_server: Path,
        tmp_path: Path,
        brief: bool,
    ) -> None:
        file = tmp_path / "token"
        file.write_text("no.token.yet", encoding="utf-8")
        path = as_user(api_server, tmp_path, {"tokenFile": str(file)})
        async with KubernetesClient.from_kubeconfig(path, brief=brief) as robot:
            with pytest.raises(KubernetesError) as caught:
                await whoami(robot)
            assert caught.value.status == 401
            file.write_text(await token(client, namespace), encoding="utf-8")
            assert await whoami(robot) == f"system:serviceaccount:{namespace}:robot"

    async def test_a_login_program_is_asked_again_once_its_token_is_refused(
        self,
        client: KubernetesClient,
        namespace: str,
        api_server: Path,
        tmp_path: Path,
        brief: bool,
    ) -> None:
        (tmp_path / "token").write_text("no.token.yet", encoding="utf-8")
        status = f"{{'token': pathlib.Path({str(tmp_path / 'token')!r}).read_text()}}"
        path = as_user(api_server, tmp_path, login_program(tmp_path, status))
        async with KubernetesClient.from_kubeconfig(path, brief=brief) as robot:
            with pytest.raises(KubernetesError):
                await whoami(robot)
            (tmp_path / "token").write_text(await token(client, namespace), encoding="utf-8")
            for _ in range(2):
                assert await whoami(robot) == f"system:serviceaccount:{namespace}:robot"
        # At the start, and after each of the two refusals; never for what is still good.
        assert (tmp_path / "runs").read_text() == "xxx"

    async def test_a_login_program_that_gives_certificates(
        self, api_server: Path, tmp_path: Path, brief: bool
    ) -> None:
        user = administrator(api_server)
        chain, key = _pem(user, "client-certificate"), _pem(user, "client-key")
        ends = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        status = repr(
            {"clientCertificateData": chain, "clientKeyData": key, "expirationTimestamp": ends}
        )
        path = as_user(api_server, tmp_path, login_program(tmp_path, status))
        async with KubernetesClient.from_kubeconfig(path, brief=brief) as other:
            assert not (await whoami(other)).startswith("system:anonymous")
            assert await other.get(NAMESPACES, "default") is not None
        assert (tmp_path / "runs").read_text() == "xx", "an ended login is asked for again"

    async def test_acting_as_another(self, api_server: Path, tmp_path: Path, brief: bool) -> None:
        user = administrator(api_server)
        path = as_user(api_server, tmp_path, user | {"as": "jane", "as-groups": ["founders"]})
        async with KubernetesClient.from_kubeconfig(path, brief=brief) as jane:
            assert await whoami(jane) == "jane"
            with pytest.raises(ForbiddenError):
                await jane.list(CONFIG_MAPS)


def _pem(user: dict[str, str], key: str) -> str:
    if data := user.get(f"{key}-data"):
        return base64.b64decode(data).decode()
    return Path(user[key]).read_text(encoding="utf-8")


class TestReadingMany:
    """Pages, metadata, tables and bookmarks."""

    @pytest.fixture(autouse=True)
    async def seven(self, client: KubernetesClient, namespace: str) -> None:
        for number in range(7):
            await client.create(CONFIG_MAPS, config_map(number), namespace)

    async def test_pages_are_of_one_moment(self, client: KubernetesClient, namespace: str) -> None:
        sizes, names = [], []
        async for page in client.pages(CONFIG_MAPS, namespace, size=3):
            sizes.append(len(page))
            names += [each["metadata"]["name"] for each in page]
            if len(sizes) == 1:
                await client.delete(CONFIG_MAPS, "cm-06", namespace)
        assert sizes == [3, 3, 1]
        assert names == [f"cm-{number:02}" for number in range(7)]

    async def test_metadata_comes_without_the_rest(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        pages = client.metadata(CONFIG_MAPS, namespace, label_selector="odd=1")
        items = [item async for page in pages for item in page]
        assert [each["metadata"]["name"] for each in items] == ["cm-01", "cm-03", "cm-05"]
        assert {frozenset(each) for each in items} == {
            frozenset({"apiVersion", "kind", "metadata"})
        }

    async def test_a_table_has_the_columns_of_kubectl(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        source = {"inline": {"kind": "SlideSpec"}}
        body = {
            "apiVersion": ARTIFACT_BUILDS.api_version,
            "kind": ARTIFACT_BUILDS.kind,
            "metadata": {"name": "deck"},
            "spec": {"target": "Pptx", "source": source},
        }
        await client.create(ARTIFACT_BUILDS, body, namespace)
        table = await client.table(ARTIFACT_BUILDS, namespace)
        narrow = [each.name for each in table.columns if not each.wide]
        assert narrow == ["Name", "Target", "Phase", "Size", "Cache", "Reason", "Age"]
        assert [each.name for each in table.columns if each.wide] == ["Message", "SHA256"]
        assert table.rows[0][:2] == ["deck", "Pptx"]
        assert table.metadata[0]["namespace"] == namespace

    async def test_a_watch_brings_what_changed(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        answer = await client.request("GET", "configmaps", CONFIG_MAPS.path(namespace))
        for name in ("cm-01", "cm-02"):
            await client.patch(CONFIG_MAPS, name, {"data": {"a": "b"}}, namespace)
        watch = client.watch(
            CONFIG_MAPS,
            namespace,
            resource_version=answer["metadata"]["resourceVersion"],
            label_selector="odd=0",
            timeout_seconds=1,
        )
        events = [event async for event in watch]
        assert [(kind, each["metadata"]["name"]) for kind, each in events] == [
            ("MODIFIED", "cm-02")
        ]

    async def test_a_watch_may_begin_with_what_is_there(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        watch = client.watch(
            CONFIG_MAPS, namespace, timeout_seconds=5, bookmarks=True, initial=True
        )
        names: list[str] = []
        async for kind, body in watch:
            if kind == "BOOKMARK":
                break
            names.append(body["metadata"]["name"])
        assert sorted(names) == [f"cm-{number:02}" for number in range(7)]
        assert body["metadata"]["annotations"][INITIAL_EVENTS_END] == "true"
        assert int(body["metadata"]["resourceVersion"]) > 0
