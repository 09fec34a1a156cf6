"""Deterministic names: whoever repeats a step after a crash arrives at the same object."""

import hashlib

NAME_MAX_LENGTH = 63
UID_HASH_LENGTH = 8


def child_name(owner: str, owner_uid: str, step: str, attempt: int) -> str:
    """Return `<owner>-<step>-<attempt>-<hash of the uid>`, at most 63 characters.

    The uid's hash tells an owner from an earlier one of the same name; a long owner name is cut.
    """
    suffix = f"-{step}-{attempt}-{hashlib.sha256(owner_uid.encode()).hexdigest()[:UID_HASH_LENGTH]}"
    return owner[: NAME_MAX_LENGTH - len(suffix)].rstrip("-.") + suffix
