"""Probing all endpoints at once, each until it answers, fails for good, or time is up."""

import asyncio
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_before_delay,
    wait_exponential_jitter,
)

from venture_core.preflight.probes import (
    ProbeError,
    probe_image,
    probe_nats,
    probe_nats_login,
    probe_postgres,
    probe_postgres_login,
    probe_redis,
    probe_s3,
)
from venture_core.preflight.settings import PreflightSettings, address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ATTEMPT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One service of the data plane. `probe` describes what answered, or raises ProbeError."""

    name: str
    address: str
    probe: Callable[[], Awaitable[str]]


def endpoints(settings: PreflightSettings) -> tuple[Endpoint, ...]:
    """Return what is probed, in the order in which it is reported."""
    return (
        Endpoint(
            "postgres",
            address(settings.postgres_url),
            lambda: probe_postgres(settings.postgres_url),
        ),
        Endpoint(
            "nats",
            address(settings.nats_url),
            lambda: probe_nats(settings.nats_url, settings.nats_tls()),
        ),
        Endpoint("redis", address(settings.redis_url), lambda: probe_redis(settings.redis_url)),
        Endpoint("s3", settings.s3_endpoint, lambda: probe_s3(settings.s3())),
        *(_login(settings, file, source) for file, source in settings.preflight_logins.items()),
        *(_image(settings, name, image) for name, image in settings.preflight_images.items()),
    )


def _image(settings: PreflightSettings, name: str, image: str) -> Endpoint:
    """Return the probe of one image."""
    started = settings.preflight_images_folder / name
    return Endpoint(f"the image of the {name}", image, lambda: probe_image(started, name))


def _login(settings: PreflightSettings, file: str, source: str) -> Endpoint:
    """Return the probe of one program's login."""
    program, _, kind = file.partition(".")
    url = settings.login(file)
    name = f"{kind.removesuffix('-url')} as {program}"
    if url is None:
        return Endpoint(name, "nowhere", lambda: _missing(source))
    if kind == "nats-url":
        return Endpoint(name, address(url), lambda: probe_nats_login(url, settings.nats_tls()))
    return Endpoint(name, address(url), lambda: probe_postgres_login(url))


async def _missing(source: str) -> str:
    raise ProbeError(
        f"{source} is missing", advice="Create it, or correct the values.", permanent=True
    )


class Report:
    """Lines for people on standard output, with every secret blotted out."""

    def __init__(self, secrets: frozenset[str]) -> None:
        # The longest first: a URL is blotted out whole before the password within it.
        self._secrets = sorted(secrets, key=len, reverse=True)

    def line(self, endpoint: Endpoint, text: str) -> None:
        """Print one line about one endpoint."""
        text = f"{endpoint.name} at {endpoint.address}: {text}"
        for secret in self._secrets:
            text = text.replace(secret, "***")
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


async def preflight(settings: PreflightSettings) -> bool:
    """Probe every endpoint of the data plane; return whether all can be used."""
    return await settle(
        endpoints(settings), Report(settings.secrets()), settings.preflight_deadline_seconds
    )


async def settle(probed: tuple[Endpoint, ...], report: Report, deadline_seconds: float) -> bool:
    """Probe these at once until the deadline and report each; return whether all can be used."""
    results = await asyncio.gather(
        *(_settle(endpoint, report, deadline_seconds) for endpoint in probed)
    )
    return all(results)


async def _settle(endpoint: Endpoint, report: Report, deadline_seconds: float) -> bool:
    started = time.monotonic()
    last_problem: str | None = None

    def say_when_new(state: RetryCallState) -> None:
        nonlocal last_problem
        problem = str(state.outcome.exception()) if state.outcome else ""
        if problem != last_problem:
            last_problem = problem
            report.line(endpoint, f"waiting: {problem}")

    retrying = AsyncRetrying(
        stop=stop_before_delay(deadline_seconds),
        wait=wait_exponential_jitter(multiplier=0.5, max=5),
        retry=retry_if_exception(
            lambda error: isinstance(error, ProbeError) and not error.permanent
        ),
        before_sleep=say_when_new,
        reraise=True,
    )
    try:
        found: str = await retrying(_attempt, endpoint)
    except ProbeError as error:
        seconds = time.monotonic() - started
        report.line(endpoint, f"FAILED after {seconds:.0f} s: {error}. {error.advice}")
        return False
    report.line(endpoint, f"ok: {found}")
    return True


async def _attempt(endpoint: Endpoint) -> str:
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            return await endpoint.probe()
    except TimeoutError as error:
        raise ProbeError(
            f"it does not finish within {ATTEMPT_SECONDS} s",
            advice="Check its load, and network policies and firewalls on the way.",
        ) from error
