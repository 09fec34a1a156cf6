"""A build from its plan to its end, as seen by whoever asked for it."""

import asyncio
from typing import TYPE_CHECKING

from venture_cli.domain.outcome import State, parse_build, stalled_error, standing
from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint
from venture_cli.services.builds import create_build, upload_inputs, wait_for_build

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_core.kubernetes.client import Body
    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

    from venture_cli.domain.plan import BuildPlan
    from venture_cli.services.session import Session


async def start_build(session: Session, plan: BuildPlan, *, replace: bool) -> Body:
    """Upload what the build reads and create it; return the object."""
    if plan.uploads:
        namespace = plan.body["metadata"]["namespace"]
        await upload_inputs(await session.bucket(), namespace, plan.uploads)
    return await create_build(await session.client(), plan, replace=replace)


async def follow_build(
    session: Session, body: Body, seconds: float, on_change: Callable[[ArtifactBuild], None]
) -> ArtifactBuild:
    """Wait until the build is ready; `on_change` sees each state on the way.

    CliError where it stalled, where `seconds` passed, or where Ctrl-C was pressed: the build goes
    on, and the error says how to look again.
    """
    latest = parse_build(body)

    def notice(build: ArtifactBuild) -> None:
        nonlocal latest
        latest = build
        on_change(build)

    try:
        async with asyncio.timeout(seconds):
            build = await wait_for_build(await session.client(), body, notice)
    except TimeoutError:
        now = standing(latest).sentence()
        message = f"{_name(body)} was not ready within {seconds:.0f} s and goes on: {now}"
        raise CliError(message, ExitCode.TIMEOUT, next_step=_look_again(body)) from None
    except asyncio.CancelledError:
        # How asyncio says Ctrl-C.
        message = f"interrupted; {_name(body)} goes on in the cluster"
        raise CliError(message, ExitCode.INTERRUPTED, next_step=_look_again(body)) from None
    if standing(build).state is State.STALLED:
        raise stalled_error(build)
    return build


def _name(body: Body) -> str:
    return str(body["metadata"]["name"])


def _look_again(body: Body) -> str:
    return hint("artifact", "wait", _name(body), namespace=body["metadata"]["namespace"])
