"""The Merkle tree against published values, a naive reading of RFC 6962, and all small sizes."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venture_core.events.merkle import (
    EMPTY_ROOT,
    Frontier,
    MerkleTree,
    NodeId,
    ProofError,
    assemble,
    consistency_plan,
    inclusion_plan,
    leaf_hash,
    node_hash,
    root_from_nodes,
    root_nodes,
    verify_consistency,
    verify_inclusion,
)

# The eight inputs and nine roots of the certificate-transparency reference implementation's tests
# (published today as testonly/constants.go of github.com/transparency-dev/merkle).
REFERENCE_INPUTS = tuple(
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
REFERENCE_ROOTS = tuple(
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
)
# The inner nodes of that tree, by level and position (same source).
REFERENCE_NODES = {
    (1, 0): "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    (1, 1): "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    (1, 2): "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    (1, 3): "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    (2, 0): "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    (2, 1): "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
}
MAX_SIZE = 70


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(2)) for number in range(count)]


def naive_root(hashes: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    left, right = naive_root(hashes[:split]), naive_root(hashes[split:])
    return sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (EMPTY_ROOT, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (leaf_hash(b""), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (leaf_hash(b"L123456"), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"),
        (
            node_hash(b"N123", b"N456"),
            "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb",
        ),
    ],
)
def test_hashes_are_the_published_ones(got: bytes, want: str) -> None:
    # Published values: rfc6962/rfc6962_test.go of github.com/transparency-dev/merkle.
    assert got.hex() == want


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    hashes = [leaf_hash(data) for data in REFERENCE_INPUTS]
    frontier = Frontier()
    frontier.extend(hashes[:size])
    assert frontier.root() == REFERENCE_ROOTS[size]
    assert MerkleTree(hashes).root(size) == REFERENCE_ROOTS[size]


def test_kept_nodes_are_the_published_ones() -> None:
    runs = Frontier().extend([leaf_hash(data) for data in REFERENCE_INPUTS])
    kept = {(level, at + i): node.hex() for (level, at), run in runs for i, node in enumerate(run)}
    assert {place: node for place, node in kept.items() if 0 < place[0] < 3} == REFERENCE_NODES


# Proofs published in that tree: testdata/inclusion/*/happy-path.json of the same repository.
PUBLISHED_INCLUSION = [
    (
        0,
        8,
        [
            "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
            "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
            "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=",
        ],
    ),
    (0, 1, []),
    (
        5,
        8,
        [
            "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
            "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
            "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
        ],
    ),
    (2, 3, ["+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU="]),
    (
        1,
        5,
        [
            "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
            "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
            "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
        ],
    ),
]
PUBLISHED_CONSISTENCY: list[tuple[int, int, list[str]]] = [
    (1, 1, []),
    (
        1,
        8,
        [
            "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
            "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
            "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=",
        ],
    ),
    (
        6,
        8,
        [
            "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
            "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
            "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
        ],
    ),
    (
        2,
        5,
        [
            "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
            "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
        ],
    ),
    (
        6,
        7,
        [
            "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
            "sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=",
            "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
        ],
    ),
]


@pytest.mark.parametrize(("index", "size", "proof"), PUBLISHED_INCLUSION)
def test_inclusion_proofs_are_the_published_ones(index: int, size: int, proof: list[str]) -> None:
    hashes = [leaf_hash(data) for data in REFERENCE_INPUTS]
    want = [base64.b64decode(text) for text in proof]
    assert MerkleTree(hashes).inclusion_proof(index, size) == want
    verify_inclusion(
        index=index, size=size, leaf=hashes[index], proof=want, root=REFERENCE_ROOTS[size]
    )


@pytest.mark.parametrize(("old", "new", "proof"), PUBLISHED_CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(old: int, new: int, proof: list[str]) -> None:
    want = [base64.b64decode(text) for text in proof]
    tree = MerkleTree([leaf_hash(data) for data in REFERENCE_INPUTS])
    assert tree.consistency_proof(old, new) == want
    verify_consistency(
        old_size=old,
        new_size=new,
        old_root=REFERENCE_ROOTS[old],
        new_root=REFERENCE_ROOTS[new],
        proof=want,
    )


def test_the_example_of_the_rfc() -> None:
    """RFC 6962 §2.1.3: seven leaves, the nodes named a to l, four paths and three proofs."""
    a, b, c, d, e, f, j = (bytes([letter]) * 32 for letter in b"abcdefj")
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l_ = node_hash(g, h), node_hash(i, j)
    tree = MerkleTree([a, b, c, d, e, f, j])
    assert tree.root() == node_hash(k, l_)
    assert tree.inclusion_proof(0, 7) == [b, h, l_]
    assert tree.inclusion_proof(3, 7) == [c, g, l_]
    assert tree.inclusion_proof(4, 7) == [f, j, k]
    assert tree.inclusion_proof(6, 7) == [i, k]
    assert tree.consistency_proof(3, 7) == [c, d, g, l_]
    assert tree.consistency_proof(4, 7) == [l_]
    assert tree.consistency_proof(6, 7) == [i, j, k]


@settings(deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=40), max_size=8))
def test_any_batches_give_the_same_tree(batches: list[int]) -> None:
    hashes = leaves(sum(batches))
    frontier, kept, done = Frontier(), {}, 0
    for batch in batches:
        for (level, start), run in frontier.extend(hashes[done : done + batch]):
            for offset, node in enumerate(run):
                assert (level, start + offset) not in kept, "a node is completed once"
                kept[NodeId(level, start + offset)] = node
        done += batch
        # The edge survives a restart.
        frontier = Frontier(frontier.size, frontier.nodes)
        assert frontier.root() == naive_root(hashes[:done])
        assert root_from_nodes(done, kept) == frontier.root()
    complete = {(level, i) for level in range(12) for i in range(done >> level)}
    assert set(kept) == complete


@pytest.mark.parametrize("size", range(1, MAX_SIZE + 1))
def test_every_leaf_of_every_size_is_proven_and_no_other(size: int) -> None:
    hashes = leaves(size)
    tree, root = MerkleTree(hashes), naive_root(hashes)
    for index in range(size):
        proof = tree.inclusion_proof(index, size)
        verify_inclusion(index=index, size=size, leaf=hashes[index], proof=proof, root=root)
        for wrong in ({"index": (index + 1) % size}, {"leaf": leaf_hash(b"other")}):
            if size == 1 and "index" in wrong:
                continue
            claim = {"index": index, "size": size, "leaf": hashes[index], "root": root} | wrong
            with pytest.raises(ProofError):
                verify_inclusion(proof=proof, **claim)  # type: ignore[arg-type]
        with pytest.raises(ProofError, match="needed"):
            verify_inclusion(
                index=index, size=size, leaf=hashes[index], proof=[*proof, root], root=root
            )
        if proof:
            with pytest.raises(ProofError, match="too short"):
                verify_inclusion(
                    index=index, size=size, leaf=hashes[index], proof=proof[:-1], root=root
                )


def test_every_pair_of_sizes_is_consistent() -> None:
    hashes = leaves(MAX_SIZE)
    tree = MerkleTree(hashes)
    roots = [naive_root(hashes[:size]) for size in range(MAX_SIZE + 1)]
    other = leaf_hash(b"other")
    for new in range(1, MAX_SIZE + 1):
        for old in range(1, new + 1):
            proof = tree.consistency_proof(old, new)
            good = {
                "old_size": old,
                "new_size": new,
                "old_root": roots[old],
                "new_root": roots[new],
            }
            verify_consistency(proof=proof, **good)  # type: ignore[arg-type]
            bad = [
                (proof, {"old_root": other}),
                (proof, {"new_root": other}),
                ([*proof, other], {}),
                *(([*proof[:at], other, *proof[at + 1 :]], {}) for at in range(len(proof))),
            ]
            for wrong_proof, wrong in bad:
                with pytest.raises(ProofError):
                    verify_consistency(proof=wrong_proof, **(good | wrong))  # type: ignore[arg-type]


ROOT, OTHER_ROOT = leaves(2)


@pytest.mark.parametrize(
    ("sizes", "roots"),
    [
        # As the reference's testdata/consistency/additional has them.
        ((0, 0), (EMPTY_ROOT, OTHER_ROOT)),
        ((0, 0), (OTHER_ROOT, EMPTY_ROOT)),
        ((0, 0), (OTHER_ROOT, OTHER_ROOT)),
        ((0, 1), (EMPTY_ROOT, ROOT)),
        ((1, 0), (ROOT, EMPTY_ROOT)),
        ((1, 1), (ROOT, OTHER_ROOT)),
        ((-1, -1), (ROOT, ROOT)),
        ((1, 2), (ROOT, ROOT)),
        ((1, 1), (b"", b"")),
        ((0, 0), (b"", b"")),
    ],
)
def test_what_no_consistency_proof_can_say(
    sizes: tuple[int, int], roots: tuple[bytes, bytes]
) -> None:
    with pytest.raises(ProofError):
        verify_consistency(
            old_size=sizes[0], new_size=sizes[1], old_root=roots[0], new_root=roots[1], proof=[]
        )


def test_a_tree_is_consistent_with_itself() -> None:
    for size, root in ((0, EMPTY_ROOT), (1, ROOT)):
        verify_consistency(old_size=size, new_size=size, old_root=root, new_root=root, proof=[])


def test_what_is_no_hash_is_not_included() -> None:
    # testdata/inclusion/single-entry of the reference.
    for leaf, root in ((b"", b""), (ROOT, b""), (b"", ROOT), (ROOT, OTHER_ROOT)):
        with pytest.raises(ProofError):
            verify_inclusion(index=0, size=1, leaf=leaf, proof=[], root=root)


def test_proofs_that_cannot_be() -> None:
    tree = MerkleTree(leaves(5))
    for call in (
        lambda: tree.inclusion_proof(5, 5),
        lambda: tree.inclusion_proof(0, 6),
        lambda: tree.consistency_proof(0, 5),
        lambda: tree.consistency_proof(4, 6),
        lambda: tree.consistency_proof(4, 3),
        lambda: tree.root(6),
        lambda: verify_inclusion(index=1, size=1, leaf=b"", proof=[], root=b""),
    ):
        with pytest.raises(ProofError):
            call()
    with pytest.raises(ValueError, match="2 nodes"):
        Frontier(5, [b""])


def test_a_plan_names_only_kept_nodes_of_a_huge_log() -> None:
    size = 2**40 + 12_345
    for plan in (
        inclusion_plan(7, size),
        inclusion_plan(size - 1, size),
        consistency_plan(9, size),
    ):
        assert len(plan.nodes) < 128
        assert all((node.position + 1) << node.level <= size for node in plan.nodes)
    assert len(root_nodes(size)) == size.bit_count()
    with pytest.raises(KeyError):
        assemble(inclusion_plan(7, size), {})
