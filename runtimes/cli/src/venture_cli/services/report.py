"""A report of an installation for whoever helps: what runs, what it says, and nothing secret."""

import io
import json
import tarfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.lenient import read_list_leniently
from venture_core.kubernetes.resources import (
    ARTIFACT_BUILDS,
    CONFIG_MAPS,
    EVENTS,
    JOBS,
    LEASES,
    NETWORK_POLICIES,
    PODS,
    SECRETS,
    Resource,
)

from venture_cli.domain.redaction import redacted_object, redacted_text
from venture_cli.services.installation import DEPLOYMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from venture_core.kubernetes.client import KubernetesClient

    from venture_cli.services.session import Session

type Body = dict[str, Any]

LOG_LINES: Final = 2_000
LOG_BYTES: Final = 1024 * 1024
MAX_OBJECTS: Final = 2_000
"""Of each kind; a report is to be looked through by a person."""
MAX_WORK_LOGS: Final = 50
OUR_WORK: Final = "app.kubernetes.io/managed-by=venture"
_SILENT_SECONDS: Final = 15.0
_CRDS: Final = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False
)
_OF_THE_RELEASE: Final = (
    DEPLOYMENTS,
    Resource("apps", "v1", "statefulsets", "StatefulSet"),
    JOBS,
    Resource("batch", "v1", "cronjobs", "CronJob"),
    PODS,
    EVENTS,
    CONFIG_MAPS,
    LEASES,
    NETWORK_POLICIES,
)


@dataclass(slots=True)
class Report:
    """What was gathered: files by name, and what could not be had."""

    files: dict[str, bytes] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, name: str, value: object) -> None:
        """Add a file in JSON."""
        text = json.dumps(value, indent=1, ensure_ascii=False)
        self.files[f"{name}.json"] = text.encode(errors="backslashreplace")


async def gather(session: Session, on_step: Callable[[str], None]) -> Report:
    """Gather what may be read; what may not is listed as missing. CliError without a cluster."""
    client = await session.cluster()
    release = session.release
    report = Report()
    report.add("client", {"program": _versions(), "namespace": release.namespace})
    # The first question is not forgiven: a cluster that does not answer has nothing to report.
    report.add("server", await client.request("GET", "version", "/version"))
    on_step("kinds")
    await _kinds(report, client)
    on_step("the release")
    pods: list[Body] = []
    for resource in _OF_THE_RELEASE:
        bodies = await _many(report, client, resource, release.namespace)
        pods = bodies if resource is PODS else pods
    await _secret_names(report, client, release.namespace)
    # Wherever it runs: what the operator started says so by its label.
    await _many(report, client, JOBS, None, selector=OUR_WORK, name="work-jobs")
    at_work = await _many(report, client, PODS, None, selector=OUR_WORK, name="work-pods")
    for pod in (*pods, *at_work[-MAX_WORK_LOGS:]):
        on_step(f"logs of {pod['metadata']['name']}")
        await _logs(report, client, pod)
    on_step("builds")
    await _many(report, client, ARTIFACT_BUILDS, None)
    report.files["missing.txt"] = "".join(f"{each}\n" for each in report.missing).encode()
    return report


def _versions() -> dict[str, str]:
    from importlib.metadata import distributions

    return {each.name: each.version for each in distributions() if each.name.startswith("venture-")}


async def _many(
    report: Report,
    client: KubernetesClient,
    resource: Resource,
    namespace: str | None,
    *,
    selector: str = "",
    name: str = "",
) -> list[Body]:
    bodies: list[Body] = []
    name = name or resource.plural
    with _noted(report, name):
        async for page in client.pages(
            resource, namespace, label_selector=selector, read=read_list_leniently
        ):
            bodies += page[: MAX_OBJECTS - len(bodies)]
            if len(bodies) >= MAX_OBJECTS:
                report.missing.append(f"{name}: only the first {MAX_OBJECTS}")
                break
        report.add(name, [redacted_object(each) for each in bodies])
    return bodies


async def _kinds(report: Report, client: KubernetesClient) -> None:
    with _noted(report, _CRDS.plural):
        crds = [
            {"name": each["metadata"]["name"], "status": each.get("status")}
            for each in await client.list(_CRDS)
            if each["spec"]["group"] == ARTIFACT_BUILDS.group
        ]
        report.add("kinds", crds)


async def _secret_names(report: Report, client: KubernetesClient, namespace: str) -> None:
    """Add which Secrets there are; their values are never read."""
    with _noted(report, SECRETS.plural):
        pages = client.metadata(SECRETS, namespace)
        report.add(SECRETS.plural, [each["metadata"] async for page in pages for each in page])


async def _logs(report: Report, client: KubernetesClient, pod: Body) -> None:
    metadata = pod["metadata"]
    for status in _containers(pod):
        for previous in (False, True) if status.get("restartCount") else (False,):
            name = f"{metadata['name']}-{status['name']}{'-previous' if previous else ''}"
            path = PODS.path(metadata["namespace"], metadata["name"], "log")
            query = {
                "container": status["name"],
                "tailLines": str(LOG_LINES),
                "limitBytes": str(LOG_BYTES),
                "previous": str(previous).lower(),
            }
            with _noted(report, f"logs of {name}"):
                async with client.stream(path, query, silent_seconds=_SILENT_SECONDS) as answer:
                    data = await answer.read()
                text = redacted_text(data.decode(errors="backslashreplace"))
                report.files[f"logs/{name}.txt"] = text.encode()


def _containers(pod: Body) -> Iterable[Body]:
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


@contextmanager
def _noted(report: Report, what: str) -> Iterator[None]:
    """Write down what the cluster refuses, and go on."""
    try:
        yield
    except KubernetesError as error:
        report.missing.append(f"{what}: {error.message}")


def pack(report: Report, folder: str) -> bytes:
    """Return the report as a compressed tar archive with everything in one folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in sorted(report.files.items()):
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size, member.mtime = len(data), int(time.time())
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
