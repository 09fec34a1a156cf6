"""The command line, and a cluster that it knows."""

from typing import TYPE_CHECKING

import pytest
from venturecommand import Venture

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def venture(tmp_path: Path, api_server: Path, namespace: str) -> Venture:
    """Run commands that look for the installation in the test's namespace."""
    return Venture(tmp_path, api_server, VENTURE_SYSTEM_NAMESPACE=namespace)
