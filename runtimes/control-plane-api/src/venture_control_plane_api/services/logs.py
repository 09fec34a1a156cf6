"""What the Job of a build has logged."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from venture_core.http.problems import Problem
from venture_core.identity.workload import OWNER_UID
from venture_core.kubernetes.errors import KubernetesError, NotFoundError
from venture_core.kubernetes.resources import PODS

from venture_control_plane_api.services.access import unavailable

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body, KubernetesClient

    from venture_control_plane_api.services.access import Build

MAX_BYTES: Final = 1024 * 1024
"""How much of a log is given: its end."""
MAX_LINES: Final = 5000
SILENT_SECONDS: Final = 20.0


class Logs:
    """Reads logs of pods in the work namespace, where only the operator makes any."""

    def __init__(self, client: KubernetesClient, *, work_namespace: str) -> None:
        self._client = client
        self._namespace = work_namespace

    async def of(self, build: Build) -> bytes:
        """Return the log of the newest pod that works or worked for a build. Raises Problem."""
        try:
            pods = await self._client.list(
                PODS, self._namespace, label_selector=f"{OWNER_UID}={build.uid}"
            )
            if not pods:
                raise _no_log(build)
            newest = max(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
            return await self._read(newest)
        except NotFoundError as error:
            raise _no_log(build) from error
        except KubernetesError as error:
            if error.status == HTTPStatus.BAD_REQUEST:
                # The container has not begun: the API server says what it waits for.
                raise Problem(
                    HTTPStatus.CONFLICT,
                    f"Nothing is logged yet: {error.message}",
                    code="not-started",
                ) from error
            raise unavailable(f"the API server says: {error.message}") from error

    async def _read(self, pod: Body) -> bytes:
        path = PODS.path(self._namespace, pod["metadata"]["name"], "log")
        query = {"limitBytes": str(MAX_BYTES), "tailLines": str(MAX_LINES)}
        query["container"] = pod["spec"]["containers"][0]["name"]
        async with self._client.stream(
            path, query, silent_seconds=SILENT_SECONDS, accept="*/*"
        ) as answer:
            return await answer.content.read(-1)


def _no_log(build: Build) -> Problem:
    return Problem(
        HTTPStatus.NOT_FOUND,
        f"No Job of ArtifactBuild {build.name!r} is left to have a log: Jobs go some time after "
        "they end, and a build from the cache has none. Its events and conditions stay.",
        code="no-log",
    )
