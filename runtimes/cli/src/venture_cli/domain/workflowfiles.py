"""FILE as people write it to a checked Workflow."""

from typing import Any, Final

import yaml
from pydantic import ValidationError
from venture_core.canonical import CanonicalJsonError, canonical_json
from venture_core.kubernetes.resources import WORKFLOWS
from venture_core.workflows.checks import check
from venture_crds.v1alpha1.workflow import Workflow

from venture_cli.domain.yamlreading import values_of
from venture_cli.errors import CliError, ExitCode

type Body = dict[str, Any]

MAX_FILE_BYTES: Final = 2 * 1024 * 1024
MAX_PROBLEMS: Final = 20


def read_workflow(data: bytes, origin: str, name: str | None) -> tuple[Body, Workflow, int]:
    """Return the only Workflow of a file, checked, and how many other objects are beside it.

    `name` takes the place of its own. CliError with all that is wrong.
    """
    if len(data) > MAX_FILE_BYTES:
        raise CliError(f"{origin} has more than {MAX_FILE_BYTES} bytes", ExitCode.USAGE)
    try:
        documents = values_of(data)
    except yaml.YAMLError as error:
        raise CliError(f"{origin} is no YAML or JSON: {error}", ExitCode.USAGE) from None
    found = [each for each in documents if _is_workflow(each)]
    if len(found) != 1:
        raise CliError(
            f"{origin} holds {len(found)} Workflows; one is needed",
            ExitCode.USAGE,
            next_step=f"apiVersion: {WORKFLOWS.api_version}, kind: {WORKFLOWS.kind}.",
        )
    body: Body = found[0]
    metadata = body.get("metadata")
    body = body | {"metadata": {**(metadata if isinstance(metadata, dict) else {})}}
    if name is not None:
        body["metadata"]["name"] = name
    if not body["metadata"].get("name"):
        raise CliError(
            f"the Workflow of {origin} has no name", ExitCode.USAGE, next_step="Give it --name."
        )
    return body, _checked(body, origin), len(documents) - 1


def _is_workflow(document: object) -> bool:
    return isinstance(document, dict) and (document.get("apiVersion"), document.get("kind")) == (
        WORKFLOWS.api_version,
        WORKFLOWS.kind,
    )


def _checked(body: Body, origin: str) -> Workflow:
    try:
        workflow = Workflow.model_validate_json(canonical_json(body))
    except CanonicalJsonError as error:
        raise _invalid(origin, (str(error),)) from None
    except ValidationError as error:
        raise _invalid(
            origin,
            tuple(
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
                for each in error.errors(include_url=False, include_input=False)[:MAX_PROBLEMS]
            ),
        ) from None
    if problems := check(workflow.spec):
        raise _invalid(origin, tuple(map(str, problems[:MAX_PROBLEMS])))
    return workflow


def _invalid(origin: str, problems: tuple[str, ...]) -> CliError:
    return CliError(f"{origin}: the workflow is invalid", ExitCode.BUILD_FAILED, details=problems)
