"""Which key signed what, and that the log only grew, as the real record has it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid7

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from recordevents import started
from recordlog import ORIGIN, SIGNER, caught_up, sequencing
from venture_core.events.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from venture_core.events.consistency import ConsistencyProof
from venture_core.events.notes import NoteSigner
from venture_core.events.policy import Policy, policy_text
from venture_core.record.database import Role, connect
from venture_core.record.keyhistory import key_history
from venture_core.record.producer import EventProducer
from venture_core.record.proofs import prove_consistency
from venture_core.record.reading import newest_checkpoint

if TYPE_CHECKING:
    import asyncpg
    from pydantic import SecretStr

SECOND = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x12" * 32))
THIRD = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x13" * 32))


async def enter(superuser: asyncpg.Connection, signers: list[NoteSigner], sizes: range) -> None:
    for signer in signers:
        await superuser.execute(
            "INSERT INTO record.log_keys (verifier) VALUES ($1) ON CONFLICT DO NOTHING",
            signer.verifier.text,
        )
    for size in sizes:
        note = sign_checkpoint(Checkpoint(ORIGIN, size, bytes(32)), signers).decode()
        await superuser.execute(
            "INSERT INTO record.checkpoints (size, root, note) VALUES ($1, $2, $3)",
            size,
            bytes(32),
            note,
        )


async def test_keys_are_good_for_what_they_signed(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    auditor = await connect(database, Role.AUDITOR, name="test")
    assert await key_history(auditor) == []
    await enter(superuser, [SIGNER], range(3, 40, 3))
    assert [each.line() for each in await key_history(auditor)] == [f"log {SIGNER.verifier.text}"]
    # One key is replaced, both signing for a while; then another, from one moment to the next.
    await enter(superuser, [SIGNER, SECOND], range(40, 60, 4))
    await enter(superuser, [SECOND], range(60, 80, 5))
    await enter(superuser, [THIRD], range(83, 90))
    history = await key_history(auditor)
    await auditor.close()
    assert [(each.verifier.text, each.first, each.last) for each in history] == [
        (SIGNER.verifier.text, 0, 56),
        (SECOND.verifier.text, 40, 75),
        (THIRD.verifier.text, 76, None),
    ]
    policy = Policy.parse(policy_text(history))
    rows = await superuser.fetch("SELECT note FROM record.checkpoints")
    assert all(policy.open(row["note"].encode()) for row in rows)


async def test_the_log_is_proven_to_have_only_grown(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    notes = []
    async with sequencing(database), EventProducer(database, name="test") as producer:
        for size in (5, 12):
            workflow = uuid7()
            await producer.append_all(
                started(workflow, number + 1) for number in range(size - 5 * len(notes))
            )
            await caught_up(superuser, size)
            notes.append(await newest_checkpoint(superuser))
    old, new = (open_checkpoint((note or "").encode(), [SIGNER.verifier]) for note in notes)
    auditor = await connect(database, Role.AUDITOR, name="test")
    hashes = await prove_consistency(auditor, old.size, new.size)
    await auditor.close()
    proof = ConsistencyProof(old.size, tuple(hashes), (notes[1] or "").encode())
    policy = Policy.of_keys([SIGNER.verifier])
    assert ConsistencyProof.parse(proof.text()).verify(old, policy).checkpoint == new
