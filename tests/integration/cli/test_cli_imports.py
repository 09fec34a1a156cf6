"""What asks a cluster once or twice does so without what takes longer to import than to ask."""

from typing import TYPE_CHECKING

from imported import TELL_IMPORTS, heavy_imports
from venture_cli.errors import ExitCode
from venturecommand import Venture

if TYPE_CHECKING:
    from pathlib import Path

    from builds import Builds


async def test_a_short_command_on_a_cluster_imports_nothing_heavy(
    builds: Builds, api_server: Path, tmp_path: Path
) -> None:
    await builds.create("deck")
    venture = Venture(tmp_path, api_server, **TELL_IMPORTS)
    for command in (
        "list",
        "list --output wide",
        "list --phase Failed --output json",
        "get deck",
        "suspend deck",
        "retry deck --no-wait",
        "delete deck",
    ):
        ended = await venture("artifact", *command.split(), "--namespace", builds.namespace)
        assert ended.code == ExitCode.OK, ended.err
        assert heavy_imports(ended) == set(), command
