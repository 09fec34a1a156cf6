"""Boards: nodes never overlap, arrows lead where they should, and the gates speak up."""

import json
from itertools import combinations, pairwise
from typing import Any

import pytest
from artifactexamples import compiled
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from soaking import examples
from venture_core.artifacts.board.ir import BoardSpec
from venture_core.artifacts.board.plan.board import plan_board
from venture_core.artifacts.board.plan.layers import arrange, closing
from venture_core.artifacts.board.plan.placing import place
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.drawing.scene import Box
from venture_core.artifacts.gates import GateFailedError
from venture_core.artifacts.ir import InvalidIRError

GAP, LAYER_GAP = 20.0, 40.0
LONG = {"id": "n0", "label": "x" * 60}

GRAPHS = st.integers(min_value=1, max_value=14).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(
            st.tuples(
                st.integers(min_value=0, max_value=count - 1),
                st.integers(min_value=0, max_value=count - 1),
            ).filter(lambda pair: pair[0] != pair[1]),
            max_size=30,
        ),
    )
)


def board(nodes: int = 2, edges: Any = (("n0", "n1"),), **fields: Any) -> dict[str, Any]:
    return {
        "kind": "BoardSpec",
        "version": 1,
        "title": "Board",
        "altText": "x",
        "nodes": [{"id": f"n{number}", "label": f"Node {number}"} for number in range(nodes)],
        "edges": [{"source": source, "target": target} for source, target in edges],
        **fields,
    }


def without_cycles(count: int, edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [
        edge[::-1] if back else edge
        for edge, back in zip(edges, closing(count, edges), strict=True)
    ]


@settings(max_examples=examples(150))
@given(GRAPHS)
def test_every_edge_leads_to_a_later_layer_and_passes_each_between(
    graph: tuple[int, list[tuple[int, int]]],
) -> None:
    count, edges = graph[0], without_cycles(*graph)
    layered = arrange(count, edges)
    ranks = {vertex: rank for rank, layer in enumerate(layered.layers) for vertex in layer}
    assert sorted(vertex for layer in layered.layers for vertex in layer) == sorted(ranks)
    for (source, target), chain in zip(edges, layered.chains, strict=True):
        assert (chain[0], chain[-1]) == (source, target)
        assert [ranks[vertex] for vertex in chain] == list(range(ranks[source], ranks[target] + 1))


@settings(max_examples=examples(150))
@given(GRAPHS)
def test_no_node_stands_on_another_and_routes_end_at_their_nodes(
    graph: tuple[int, list[tuple[int, int]]],
) -> None:
    count, edges = graph[0], without_cycles(*graph)
    sizes = [(60.0 + number % 3 * 20, 30.0) for number in range(count)]
    placed = place(sizes, edges, gap=GAP, layer_gap=LAYER_GAP)
    for (one, (x, y)), (other, (u, v)) in combinations(enumerate(placed.centers), 2):
        apart_across = abs(x - u) >= (sizes[one][0] + sizes[other][0]) / 2 + GAP - 1e-6
        apart_down = abs(y - v) >= (sizes[one][1] + sizes[other][1]) / 2 + LAYER_GAP - 1e-6
        assert apart_across or apart_down
    for (source, target), route in zip(edges, placed.routes, strict=True):
        assert abs(route[0][0] - placed.centers[source][0]) <= sizes[source][0] / 2
        assert abs(route[-1][0] - placed.centers[target][0]) <= sizes[target][0] / 2
        assert all(lower[1] >= upper[1] - 1e-6 for upper, lower in pairwise(route))
    for x, y in placed.centers:
        assert 0 <= x <= placed.width
        assert 0 <= y <= placed.height


def test_edges_that_close_a_cycle_are_found() -> None:
    assert closing(3, [(0, 1), (1, 2), (2, 0)]) == [False, False, True]
    assert closing(2, [(0, 1), (0, 1), (1, 0)]) == [False, False, True]


@pytest.mark.parametrize("direction", ["right", "down"])
def test_everything_stands_within_the_page(direction: str) -> None:
    edges = [("n0", "n1"), ("n1", "n2"), ("n2", "n0"), ("n0", "n3"), ("n3", "n2")]
    document = board(5, edges, direction=direction)
    document["edges"][2]["label"] = "and again"
    spec = parse_ir(json.dumps(document).encode())
    assert isinstance(spec, BoardSpec)
    scene = plan_board(spec, {}).scene
    boxes = [shape.area for shape in scene.shapes if isinstance(shape, Box)]
    assert all(0 <= a.left <= a.right <= scene.width for a in boxes)
    assert all(0 <= a.top <= a.bottom <= scene.height for a in boxes)


def test_edges_lead_the_way_that_is_asked_for() -> None:
    chain = [(f"n{number}", f"n{number + 1}") for number in range(9)]
    for direction in ("right", "down"):
        spec = parse_ir(json.dumps(board(10, chain, direction=direction)).encode())
        assert isinstance(spec, BoardSpec)
        scene = plan_board(spec, {}).scene
        assert (scene.width > scene.height) == (direction == "right")


def test_a_board_is_an_svg_that_says_what_it_shows() -> None:
    artifact = compiled(board(altText="Node 0 leads to node 1"), "Image")
    root = etree.fromstring(artifact.data)
    assert artifact.media_type == "image/svg+xml"
    texts = ["".join(each.itertext()) for each in root]
    assert {"Board", "Node 0 leads to node 1", "Node 0", "Node 1"} <= set(texts)


def test_a_board_is_a_png_where_it_is_asked_for() -> None:
    artifact = compiled(board(format="png"), "Image")
    assert artifact.media_type == "image/png"
    assert artifact.data.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("fields", "gate", "says"),
    [
        ({"altText": " "}, "altText", "says in words"),
        ({"title": "\U00013000"}, "overflow", "no letters"),
        ({"nodes": [LONG, {"id": "n1", "label": "b"}]}, "overflow", "nodes[0].label"),
        ({"theme": {"colors": {"muted": "#FEFEFE"}}}, "contrast", "nodes.detail"),
    ],
)  # fmt: skip
def test_a_gate_says_what_is_wrong(fields: dict[str, Any], gate: str, says: str) -> None:
    with pytest.raises(GateFailedError) as caught:
        compiled(board() | fields, "Image")
    failed = {each.name: each for each in caught.value.results if not each.passed}
    assert list(failed) == [gate]
    assert says in str(failed[gate].findings[0])


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"edges": [{"source": "n0", "target": "nobody"}]}, "/edges/0/target"),
        ({"edges": [{"source": "n0", "target": "n0"}]}, "/edges/0/target"),
        ({"nodes": [LONG, LONG], "edges": []}, "/nodes/1/id"),
        ({"nodes": []}, "/nodes"),
    ],
)  # fmt: skip
def test_what_breaks_the_format_is_named(fields: dict[str, Any], at: str) -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(json.dumps(board() | fields).encode())
    assert caught.value.problems[0].pointer == at
