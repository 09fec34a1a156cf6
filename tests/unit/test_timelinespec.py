"""What a TimelineSpec may say, where its scenes and captions stand, and what its gates find."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soaking import examples
from timelines import Body, body, planned, read, slide
from venture_core.artifacts.gates import GateSettings, run_gates
from venture_core.artifacts.ir.problems import InvalidIRError
from venture_core.artifacts.video.gates import CHECKS, DRIFT_SECONDS
from venture_core.artifacts.video.plan.model import FRAMES_PER_SECOND, Heard, TimelinePlan
from venture_core.artifacts.video.plan.timeline import SIZES

SPOKEN = {"voice": Heard(2.0, -20.0), "tune": Heard(5.0, -14.0)}


def clip(**changes: Any) -> Body:
    said = [{"start": 0, "end": 1.5, "text": "What was done"}]
    return {"audio": "voice", "captions": said, **changes}


def caption(start: float, end: float, text: str = "Done") -> Body:
    return {"start": start, "end": end, "text": text}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"scenes": []}, "/scenes"),
        ({"scenes": [slide()] * 61}, "/scenes"),
        ({"scenes": [slide(0.4)]}, "/scenes/0/seconds"),
        ({"scenes": [slide(121)]}, "/scenes/0/seconds"),
        ({"scenes": [slide(120), slide(120), slide(61)]}, "/scenes"),
        ({"scenes": [slide(), slide(0.9)]}, "/scenes/1/seconds"),
        (
            {"scenes": [slide(), slide(2, transition={"type": "wipe", "seconds": 1.5})]},
            "/scenes/1/transition",
        ),
        ({"format": "4k"}, "/format"),
        ({"transition": {"type": "concat:/etc/passwd"}}, "/transition/type"),
        ({"narration": [clip()] * 21}, "/narration"),
        ({"narration": [clip(audio="../voice")]}, "/narration/0/audio"),
        ({"narration": [clip(audio="https://x.example/a.m3u8")]}, "/narration/0/audio"),
        ({"narration": [clip(at=-1)]}, "/narration/0/at"),
        ({"narration": [clip(at=1e9)]}, "/narration/0/at"),
        ({"narration": [clip(captions=[caption(1, 1)])]}, "/narration/0/captions/0/end"),
        ({"captions": [caption(0, 1), caption(0.5, 2)]}, "/captions/1/start"),
        ({"captions": [caption(0, 1, "two\nlines")]}, "/captions/0/text"),
        ({"captions": [caption(0, 1, "")]}, "/captions/0/text"),
        ({"music": {"audio": "tune", "level": 6}}, "/music/level"),
        ({"music": {"audio": "tune", "duck": 40}}, "/music/duck"),
        ({"maxMegabytes": 10_000}, "/maxMegabytes"),
        ({"filter": "movie=/etc/passwd"}, "/filter"),
        (
            {
                "scenes": [
                    {
                        "type": "layers",
                        "seconds": 1,
                        "layers": [
                            {
                                "type": "text",
                                "text": "x",
                                "size": 20,
                                "minSize": 30,
                                "at": {"width": 9, "height": 9},
                            }
                        ],
                    }
                ]
            },
            "/scenes/0/layers/0/minSize",
        ),
        (
            {
                "scenes": [
                    slide(
                        slide={
                            "type": "table",
                            "title": "T",
                            "table": {"columns": [{"header": "A"}], "rows": [["1", "2"]]},
                        }
                    )
                ]
            },
            "/scenes/0/slide/table/rows/0",
        ),
    ],
)
def test_what_no_video_can_be_is_refused_where_it_stands(changes: Body, pointer: str) -> None:
    with pytest.raises(InvalidIRError) as refused:
        read(body(**changes))
    assert refused.value.problems[0].pointer == pointer


def test_every_use_of_an_asset_is_told() -> None:
    layers = [
        {"type": "shape", "at": {"width": 9, "height": 9}},
        {"type": "picture", "image": "team", "at": {"width": 9, "height": 9}},
    ]
    spec = read(
        body(
            theme={"logo": "mark"},
            scenes=[
                slide(slide={"type": "image", "title": "T", "image": "office"}),
                {"type": "picture", "seconds": 1, "image": "city"},
                {"type": "layers", "seconds": 1, "layers": layers},
            ],
            narration=[clip()],
            music={"audio": "tune"},
        )
    )
    assert spec.asset_references() == (
        ("/theme/logo", "mark"),
        ("/scenes/0/slide/image", "office"),
        ("/scenes/1/image", "city"),
        ("/scenes/2/layers/1/image", "team"),
        ("/narration/0/audio", "voice"),
        ("/music/audio", "tune"),
    )


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.floats(1.0, 7.0), min_size=1, max_size=6))
def test_frames_never_drift_from_the_seconds_asked_for(seconds: list[float]) -> None:
    plan = planned(body(scenes=[slide(each) for each in seconds]))
    asked, first = 0.0, 0
    for scene, each in zip(plan.scenes, seconds, strict=True):
        assert scene.first == first
        assert abs(scene.first / FRAMES_PER_SECOND - asked) <= 0.5 / FRAMES_PER_SECOND + 1e-9
        asked, first = asked + each, scene.first + scene.frames
    assert plan.frames == first
    assert abs(plan.seconds - sum(seconds)) <= 0.5 / FRAMES_PER_SECOND + 1e-9


@pytest.mark.parametrize("form", SIZES)
def test_captions_have_a_strip_of_their_own_that_no_slide_reaches(form: str) -> None:
    bare = planned(body(format=form))
    plan = planned(body(format=form, captions=[caption(0, 1)]))
    assert bare.strip == 0
    assert plan.strip > 0
    assert plan.strip % 2 == 0
    assert (plan.width, plan.height) == SIZES[form]
    foot = plan.height - plan.strip
    *shapes, strip = plan.scenes[0].picture.shapes
    assert strip.area.top == foot
    edges = [shape.area.bottom for shape in shapes if hasattr(shape, "area")]
    assert max(edges) == pytest.approx(foot)
    assert planned(body(format=form, captions=[caption(0, 1)], burnIn=False)).strip == 0


def test_captions_of_a_clip_move_with_it_and_keep_their_time_to_the_frame() -> None:
    said = [caption(0.02, 0.98), caption(1.01, 1.9)]
    document = body(scenes=[slide(9)], narration=[clip(at=3.337, captions=said)])
    plan = planned(document, SPOKEN)
    assert [each.element for each in plan.captions] == [
        "narration[0].captions[0]",
        "narration[0].captions[1]",
    ]
    for each, asked in zip(plan.captions, said, strict=True):
        assert each.start == pytest.approx(3.337 + asked["start"])
        assert abs(each.first / FRAMES_PER_SECOND - each.start) < DRIFT_SECONDS / 2
        assert abs(each.after / FRAMES_PER_SECOND - each.end) < DRIFT_SECONDS / 2


def found(plan: TimelinePlan) -> dict[str, list[str]]:
    results = run_gates(CHECKS, plan, GateSettings())
    return {each.name: [str(one) for one in each.findings] for each in results if not each.passed}


def test_a_video_meets_the_gates_that_concern_it_and_passes_them() -> None:
    plan = planned(body(scenes=[slide(3)], narration=[clip()], music={"audio": "tune"}), SPOKEN)
    assert found(plan) == {}
    names = [each.name for each in run_gates(CHECKS, plan, GateSettings())]
    assert names == [
        "contrast",
        "altText",
        "overflow",
        "emptySlides",
        "loudness",
        "duration",
        "captions",
        "fileSize",
    ]


LONG = "A sentence that nobody can say in so short a time, and that nobody reads either"
BULLETS = {"type": "bullets", "title": "Empty", "bullets": []}
CHART = {
    "type": "chart",
    "title": "Sales",
    "chart": {"type": "bar", "categories": ["A"], "series": [{"name": "S", "values": [1]}]},
}


@pytest.mark.parametrize(
    ("changes", "gate", "words"),
    [
        ({"altText": " "}, "altText", "altText: says nothing"),
        ({"altText": "\u200b"}, "altText", "altText: says nothing"),
        ({"scenes": [slide(slide=CHART)]}, "altText", "scenes[0].slide.chart: has no altText"),
        (
            {"scenes": [slide(3)], "narration": [clip(captions=[])]},
            "altText",
            "narration[0]: what it says is written nowhere",
        ),
        (
            {
                "scenes": [slide(3)],
                "narration": [clip(captions=[])],
                "transcript": "\u2060",
            },
            "altText",
            "narration[0]: what it says is written nowhere",
        ),
        ({"scenes": [slide(slide=BULLETS)]}, "emptySlides", "scenes[0].slide.bullets: has no text"),
        (
            {"theme": {"colors": {"text": "#8899AA"}}, "captions": [caption(0, 1)]},
            "contrast",
            "captions: 33 pt text #FFFFFF on #8899AA",
        ),
        (
            {"scenes": [slide(9)], "captions": [caption(0, 8, "W" * 90)]},
            "overflow",
            "captions[0]: “WWW",
        ),
        (
            {"scenes": [slide(9)], "captions": [caption(0, 8, "every word " * 15)]},
            "overflow",
            "captions[0]: takes 4 lines, and 3 fit",
        ),
        (
            {"captions": [caption(0, 1, "\ue000")]},
            "overflow",
            "captions[0]: the font has no letters",
        ),
        ({"scenes": [slide(9)], "maxSeconds": 5}, "duration", "scenes: the scenes take 9.0"),
        (
            {"scenes": [slide(3)], "narration": [clip(at=2, captions=[])], "transcript": "Done"},
            "duration",
            "narration[0]: it is spoken until 4.0 s, and the video ends at 3.0 s",
        ),
        (
            {
                "scenes": [slide(5)],
                "narration": [clip(), clip(at=1.5, captions=[])],
                "transcript": "Done",
            },
            "duration",
            "narration[1]: it begins at 1.5 s, while narration[0] speaks until 2.0 s",
        ),
        (
            {"scenes": [slide(5)], "narration": [clip(captions=[caption(0, 2.4)])]},
            "captions",
            "narration[0].captions[0]: it ends 400 ms after its recording, which has 2.00 s",
        ),
        (
            {"captions": [caption(0, 2)]},
            "captions",
            "captions[0]: it ends at 2.00 s, and the video at 1.00 s",
        ),
        (
            {"scenes": [slide(3)], "captions": [caption(1, 1.5)]},
            "captions",
            "captions[0]: it is shown for 0.50 s, and 0.7 are the least",
        ),
        (
            {"scenes": [slide(3)], "captions": [caption(0, 2, LONG)]},
            "captions",
            "captions[0]: 40 letters a second are read by nobody",
        ),
        (
            {"scenes": [slide(3)], "narration": [clip()], "captions": [caption(1, 2.5)]},
            "captions",
            "captions[0]: it begins at 1.00 s, while narration[0].captions[0] is still shown",
        ),
        (
            {"scenes": [slide(120), slide(120)], "maxMegabytes": 1},
            "fileSize",
            "maxMegabytes: 1 MB leave 31 kbit/s for 240 seconds of pictures, and 174 are needed",
        ),
    ],
)
def test_each_gate_names_what_is_wrong(changes: Body, gate: str, words: str) -> None:
    heard = SPOKEN if "narration" in changes else None
    findings = found(planned(body(**changes), heard))
    assert list(findings) == [gate]
    assert findings[gate][0].startswith(words)


@pytest.mark.parametrize(
    ("heard", "loudness", "words"),
    [
        ({"voice": Heard(2.0, -70.0)}, -70.0, "narration[0].audio: asset voice is hardly heard"),
        ({"voice": Heard(2.0, -30.0)}, -16.6, "narration: the sound comes to -16.6 LUFS"),
    ],
)
def test_what_is_not_loud_enough_is_told(
    heard: dict[str, Heard], loudness: float, words: str
) -> None:
    document = body(scenes=[slide(3)], narration=[clip()])
    assert found(planned(document, {"voice": Heard(2.0, -20.0)}, -16.5)) == {}
    assert found(planned(document, heard, loudness))["loudness"][0].startswith(words)
