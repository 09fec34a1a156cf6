"""Published policy bundles by their hash: stored once, and read as snapshots.

A bundle of a hash never changes, so what was read and compiled once is good for ever.
"""

import asyncio
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from venture_core.canonical import canonical_json
from venture_core.policy.compile import BundleError, compile_bundle
from venture_core.policy.contenthash import content_hash
from venture_core.policy.snapshot import Snapshot, combine
from venture_core.record.calls import Calls, NoAnswerError
from venture_core.record.database import service_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from venture_core.events.envelope import Service

MAX_COMPILED: Final = 256
"""How many bundles are kept compiled."""

_STORE: Final = "SELECT record.store_policy_bundle($1, $2)"
_READ: Final = "SELECT record.policy_bundle($1)"


class BundleUnavailableError(Exception):
    """A bundle cannot be had: the database does not answer, or has no bundle of the hash."""


class BundleNotFoundError(BundleUnavailableError):
    """No bundle of the hash was ever stored."""


class Bundles:
    """The bundles that a service stores or reads, with its own login."""

    def __init__(self, url: SecretStr, *, service: Service, name: str) -> None:
        """Connect as `service`, whose role the login has; `name` shows in the list of sessions."""
        self._calls = Calls(url, role=service_role(service), name=name)
        self._compiled: OrderedDict[str, Snapshot] = OrderedDict()

    async def store(self, content: Mapping[str, Any]) -> str:
        """Keep what a bundle says; return its hash. Safe to repeat.

        Raises BundleUnavailableError, and CanonicalJsonError for what is no JSON.
        """
        hash_ = content_hash(content)
        await self._ask(_STORE, hash_, canonical_json(content))
        return hash_

    async def snapshot(self, hash_: str) -> Snapshot:
        """Return the bundle of a hash, compiled. Raises BundleUnavailableError."""
        if (known := self._compiled.get(hash_)) is not None:
            self._compiled.move_to_end(hash_)
            return known
        content = await self._ask(_READ, hash_)
        if content is None:
            raise BundleNotFoundError(f"no policy bundle {hash_} was ever published here")
        try:
            found = await asyncio.to_thread(_compile, content)
        except BundleError as error:
            raise BundleUnavailableError(f"this version cannot read bundle {hash_}") from error
        self._compiled[hash_] = found
        if len(self._compiled) > MAX_COMPILED:
            self._compiled.popitem(last=False)
        return found

    async def governing(self, own: str | None, baseline: str | None) -> Snapshot | None:
        """Return what governs work that is pinned to these hashes; None where to neither.

        Raises BundleUnavailableError.
        """
        return combine(
            await self.snapshot(baseline) if baseline else None,
            await self.snapshot(own) if own else None,
        )

    async def close(self) -> None:
        """Drop the connection."""
        await self._calls.close()

    async def _ask(self, statement: str, *arguments: object) -> bytes | None:
        try:
            return await self._calls.ask(statement, *arguments)
        except NoAnswerError as error:
            raise BundleUnavailableError(
                f"the database does not give policy bundles: {error}"
            ) from error


def _compile(content: bytes) -> Snapshot:
    return compile_bundle(json.loads(content))
