"""Builds of videos: Jobs of another image, and bytes that no machine promises again."""

import base64
import json
from typing import TYPE_CHECKING

import pytest
from builds import Builds, condition, patiently
from timelines import body
from venture_core.artifacts import provenance
from venture_core.artifacts.video.target import VIDEO

if TYPE_CHECKING:
    from kubelet import Kubelet
    from operatorprocess import OperatorProcess
    from venture_core.objectstore import ObjectStore

IMAGE = "localhost/venture-artifact-compiler-media:test"
MEDIA = {"image": IMAGE, "resources": {"limits": {"memory": "1Gi", "cpu": "2"}}}


@pytest.fixture
def operator_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    media = request.node.get_closest_marker("parametrize") is None
    return {"compiler_media": json.dumps(MEDIA)} if media else {}


@pytest.mark.parametrize("installed", [False])
async def test_without_its_image_a_video_says_who_can_help(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, *, installed: bool
) -> None:
    await builds.create("week", target="Video", source={"inline": body()})
    stalled = condition(await builds.until("week", "Stalled"), "Stalled")
    assert stalled["reason"] == "UnsupportedTarget"
    assert "sets compiler.media.enabled of the chart" in stalled["message"]
    assert bool(await kubelet.jobs()) is installed


async def test_other_bytes_for_a_video_are_answered_by_those_that_were_kept(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, store: ObjectStore
) -> None:
    source = {"inline": body()}
    for name in ("one", "two"):
        await builds.create(name, target="Video", source=source)
    first, second = (await kubelet.next_job(2), (await kubelet.jobs())[0])
    container = first["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["resources"]["limits"]["memory"]) == (IMAGE, "1Gi")
    await kubelet.succeed(first, b"as this processor has it", media_type="video/mp4")
    owner = first["metadata"]["labels"]["venture.parpour.dev/owner"]
    kept = (await builds.until(owner, "Ready"))["status"]
    await kubelet.succeed(second, b"as another has it", media_type="video/mp4")
    other = (await builds.until({"one": "two", "two": "one"}[owner], "Ready"))["status"]
    assert other["artifact"] == kept["artifact"]
    assert (kept["cacheHit"], other["cacheHit"]) == (False, True)

    await builds.patch(owner, retry="again")
    again = await patiently(
        lambda: builds.get(owner), lambda found: found["status"].get("handledRetry") == "again"
    )
    again = await builds.until(owner, "Ready")
    assert again["status"]["artifact"] == kept["artifact"]
    assert len(await kubelet.jobs()) == 2

    key = kept["provenance"]["uri"].removeprefix("s3://venture/")
    envelope = json.loads(await store.get(key, max_bytes=100_000))
    statement = provenance.Statement.model_validate(
        json.loads(base64.b64decode(envelope["payload"]))
    )
    definition = statement.predicate.build_definition
    assert definition.internal_parameters["reproducible"] == (
        "on the same image and type of processor"
    )
    version = statement.predicate.run_details.builder.version
    assert version["toolchain"] == VIDEO.toolchain.id_on(IMAGE)
