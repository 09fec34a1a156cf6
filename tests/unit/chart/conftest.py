"""The chart's manifests, for every example of values."""

from __future__ import annotations

import pytest
from chartmanifests import EXAMPLES, Json, Render


@pytest.fixture(params=EXAMPLES)
def manifests(request: pytest.FixtureRequest, render_chart: Render) -> list[Json]:
    return render_chart(request.param)
