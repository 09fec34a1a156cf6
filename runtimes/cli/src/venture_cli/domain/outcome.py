"""A build of the cluster as our types understand it, for what needs more than where it stands."""

from typing import TYPE_CHECKING

from pydantic import ValidationError
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

from venture_cli.errors import CliError

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_build(body: Mapping[str, object]) -> ArtifactBuild:
    """Return an object of the cluster as our types understand it. CliError where they do not."""
    try:
        return ArtifactBuild.model_validate(body)
    except ValidationError as error:
        places = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
        raise CliError(
            f"the cluster holds a build that this program does not understand: {places[0]}",
            next_step="Install the venture-cli of the cluster's version; "
            "until then -o yaml shows the object as it is.",
        ) from None
