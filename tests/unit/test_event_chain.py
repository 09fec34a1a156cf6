from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venture_core.events.chain import GENESIS_HASH, ChainError, ChainHead, event_hash


def test_the_hash_is_over_predecessor_number_and_bytes() -> None:
    # Computed with coreutils: (head -c 32 /dev/zero; printf '\0\0\0\0\0\0\0\1{}') | sha256sum
    first = "1bad765d926feacace97a8ddcd329a1f4254c208affc1ba86b3c7d59e8fba83e"
    assert event_hash(None, 1, b"{}").hex() == first
    assert event_hash(GENESIS_HASH, 1, b"{}").hex() == first
    second = sha256(bytes.fromhex(first) + b"\x00" * 7 + b"\x02" + b"[]").digest()
    assert event_hash(bytes.fromhex(first), 2, b"[]") == second


@pytest.mark.parametrize(
    ("prev", "seq"),
    [
        (None, 0),
        (None, 2),
        (GENESIS_HASH, 2),
        (b"\x01" * 32, 1),
        (b"\x01" * 31, 2),
        (b"\x01" * 32, 2**63),
        (b"\x01" * 32, -1),
    ],
)
def test_what_no_chain_has_is_refused(prev: bytes | None, seq: int) -> None:
    with pytest.raises(ChainError):
        event_hash(prev, seq, b"{}")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=12), st.data())
def test_any_change_shows_in_the_last_hash(events: list[bytes], data: st.DataObject) -> None:
    head = ChainHead().extend(events)
    assert head.seq == len(events)
    at = data.draw(st.integers(0, len(events) - 1))
    other = data.draw(st.binary(max_size=40).filter(lambda each: each != events[at]))
    changed = [*events[:at], other, *events[at + 1 :]]
    assert ChainHead().extend(changed).hash != head.hash
    assert ChainHead().extend(events[:at] + events[at + 1 :]).hash != head.hash
