"""What the log's keys, policies and proofs of growth look like."""

from typing import TYPE_CHECKING, Final

from venture_cli.program import hint
from venture_cli.views.objects import print_facts
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from venture_core.events.consistency import ConsistencyProof
    from venture_core.events.policy import LogKey

    from venture_cli.domain.choices import Format

_CLAIM: Final = (
    "the record itself claims these keys: compare the fingerprints, by another way, with where the "
    "log's key is kept (`venture audit key --key FILE`)"
)
_GROUP: Final = 4


def print_keys(keys: Sequence[LogKey], form: Format | None, *, is_claim: bool) -> None:
    """Print the keys of a log. `is_claim`: nobody but the record says so."""
    if form == "name":
        for key in keys:
            out().print(key.verifier.text)
    elif form is not None:
        print_data([_data(key) for key in keys], form)
    else:
        for key in keys:
            out().print((key.verifier.text, "bold"))
            print_facts({"fingerprint": _read_out(key.verifier.fingerprint), "sizes": _sizes(key)})
    if is_claim:
        err().print(("note: ", "bold"), _CLAIM)


def print_policy(path: Path | None, keys: Sequence[LogKey], *, is_claim: bool) -> None:
    """Print where a policy was saved (`path` None: on standard output), and what is left to do."""
    if path is not None:
        out().print((f"saved {path}", "bold"))
        facts = {key.verifier.text: _read_out(key.verifier.fingerprint) for key in keys}
        print_facts(facts)
    if is_claim:
        err().print(("note: ", "bold"), _CLAIM)
    if path is not None:
        verify = hint("audit", "verify", "BUNDLE", "--policy", str(path))
        err().print(("next: ", "bold"), verify)


def print_growth(
    path: Path | None, checkpoint: Path, proof: ConsistencyProof, form: Format | None
) -> None:
    """Print where a proof of growth was saved (`path` None: on standard output)."""
    if path is None:
        return
    if form == "name":
        out().print(path)
    elif form is not None:
        print_data({"proof": str(path), "oldSize": proof.old_size}, form)
    else:
        out().print((f"saved {path}", "bold"))
        print_facts({"from": f"{proof.old_size:,} entries"})
        verify = hint(
            "audit", "verify", str(path), "--checkpoint", str(checkpoint), "--policy", "FILE"
        )
        err().print(("next: ", "bold"), verify)


def _data(key: LogKey) -> dict[str, object]:
    return {
        "key": key.verifier.text,
        "origin": key.verifier.name,
        "fingerprint": f"sha256:{key.verifier.fingerprint}",
        "first": key.first,
        "last": key.last,
    }


def _read_out(fingerprint: str) -> str:
    """Return a fingerprint in groups of four, as two people read it to each other."""
    groups = (fingerprint[at : at + _GROUP] for at in range(0, len(fingerprint), _GROUP))
    return " ".join(groups)


def _sizes(key: LogKey) -> str:
    if key.last is None:
        return f"{key.first:,} and more, in use"
    return f"{key.first:,} to {key.last:,}, retired"
