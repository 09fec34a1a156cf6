"""The command `venture-preflight-api`: exits with 0 if the release's API answers, 1 if not."""

from venture_core.kubernetes.environment import connect
from venture_core.preflight.apiservice import probe_api_service
from venture_core.preflight.run import Endpoint, Report, settle
from venture_core.preflight.settings import ApiPreflightSettings
from venture_core.process.jobs import EXIT_DONE, EXIT_FAILED, run_job


async def _check(settings: ApiPreflightSettings) -> int:
    name, backend = settings.preflight_api, settings.preflight_api_backend
    async with connect() as client:
        endpoint = Endpoint("the API", name, lambda: probe_api_service(client, name, backend))
        report = Report(frozenset())
        answers = await settle((endpoint,), report, settings.preflight_deadline_seconds)
    return EXIT_DONE if answers else EXIT_FAILED


def main() -> None:
    """Look whether the API that the environment describes answers, and exit."""
    run_job("venture-preflight-api", ApiPreflightSettings, _check)


if __name__ == "__main__":
    main()
