"""Builds as the operator would report them, for the command line to look at."""

from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.resources import ARTIFACT_BUILDS
from venture_crds.v1alpha1.lifecycle import BoundedStatus
from venture_operator.domain import conditions

if TYPE_CHECKING:
    from datetime import datetime

    from builds import Builds

type Body = dict[str, Any]


async def report(builds: Builds, name: str, state: conditions.State, **status: object) -> None:
    """Write a status as the operator would."""
    body = await builds.get(name)
    generation = body["metadata"]["generation"]
    now = moment(body)
    merged = conditions.merge(BoundedStatus(), state, generation=generation, now=now)
    change = {
        "observedGeneration": generation,
        "conditions": [each.to_json() for each in merged],
        **status,
    }
    await builds.client.patch(
        ARTIFACT_BUILDS, name, {"status": change}, builds.namespace, subresource="status"
    )


def moment(body: Body) -> datetime:
    from venture_cli.domain.outcome import parse_build

    created = parse_build(body).metadata.creation_timestamp
    assert created is not None
    return created
