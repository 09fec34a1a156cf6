"""Bundles and tables of requests, as people write them in files."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import ValidationError
from venture_core.policy.compile import BundleError, compile_bundle
from venture_core.policy.evaluate import evaluate
from venture_core.policy.wire import read_request

from venture_cli.domain.yamlreading import values_of
from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from venture_core.policy.decision import Decision
    from venture_core.policy.snapshot import Snapshot

MAX_FILE_BYTES: Final = 2 * 1024 * 1024
_EXPECTED: Final = {"action": "action", "rule": "rule", "reasonCode": "reason_code"}


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line of a table: a request, and what is to come of it."""

    name: str
    request: Mapping[str, Any]
    expect: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, and where that is not what was expected."""

    name: str
    decision: Decision
    wrong: tuple[str, ...]


def read_bundle(data: bytes, origin: str) -> Snapshot:
    """Return the first PolicyBundle of a file, compiled. CliError with all that is wrong."""
    body = next((each for each in _documents(data, origin) if _is_bundle(each)), None)
    if body is None:
        raise CliError(f"{origin} holds no PolicyBundle", ExitCode.USAGE)
    try:
        return compile_bundle(body.get("spec") or {})
    except BundleError as error:
        problems = tuple(f"spec.{each}" for each in error.problems)
        raise CliError(
            f"{origin}: the bundle cannot be compiled", ExitCode.BUILD_FAILED, details=problems
        ) from None


def read_table(data: bytes, origin: str) -> tuple[Expectation, ...]:
    """Return the lines of a table: a list under `requests`. CliError where it is none."""
    (body, *_) = _documents(data, origin) or [None]
    lines = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(lines, list) or not lines:
        raise CliError(f"{origin} has no list of requests", ExitCode.USAGE)
    return tuple(_line(each, at, origin) for at, each in enumerate(lines))


def judge(snapshot: Snapshot, request: object, now: datetime, origin: str) -> Decision:
    """Return what a bundle says to a request. CliError where it is no request."""
    try:
        return evaluate(snapshot, read_request(request, now))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise CliError(f"{origin}: {where}: {first['msg']}", ExitCode.USAGE) from None


def try_line(snapshot: Snapshot, line: Expectation, now: datetime, origin: str) -> Outcome:
    """Judge a line, and compare."""
    decision = judge(snapshot, line.request, now, f"{origin}: {line.name}")
    wrong = tuple(
        f"{name} is {found}, not {line.expect[name]}"
        for name, attribute in _EXPECTED.items()
        if name in line.expect and (found := str(getattr(decision, attribute))) != line.expect[name]
    )
    return Outcome(line.name, decision, wrong)


def _line(line: object, at: int, origin: str) -> Expectation:
    where = f"{origin}: requests[{at}]"
    if not isinstance(line, dict) or not isinstance(line.get("request"), dict):
        raise CliError(f"{where} has no request", ExitCode.USAGE)
    expect = line.get("expect")
    if not isinstance(expect, dict) or not expect or set(expect) - set(_EXPECTED):
        words = ", ".join(_EXPECTED)
        raise CliError(f"{where}: expect takes {words}, at least one", ExitCode.USAGE)
    expected = {str(name): str(value) for name, value in expect.items()}
    return Expectation(str(line.get("name", at)), line["request"], expected)


def _documents(data: bytes, origin: str) -> list[Any]:
    if len(data) > MAX_FILE_BYTES:
        raise CliError(f"{origin} has more than {MAX_FILE_BYTES} bytes", ExitCode.USAGE)
    try:
        return values_of(data)
    except yaml.YAMLError as error:
        raise CliError(f"{origin} is no YAML: {error}", ExitCode.USAGE) from None


def _is_bundle(body: object) -> bool:
    return isinstance(body, dict) and body.get("kind") == "PolicyBundle"
