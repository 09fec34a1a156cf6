"""Builds as the operator would report them, for the command line to look at."""

import hashlib
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from venture_core.artifacts import provenance
from venture_core.artifacts.targets import target_named
from venture_core.kubernetes.resources import ARTIFACT_BUILDS
from venture_crds.v1alpha1.lifecycle import BoundedStatus
from venture_operator.domain import conditions

if TYPE_CHECKING:
    from datetime import datetime

    from builds import Builds
    from venture_core.objectstore import ObjectStore

type Body = dict[str, Any]

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
CACHE_KEY = f"sha256:{'c' * 64}"
DECK = target_named("Pptx").formats[0].media_type


async def report(builds: Builds, name: str, state: conditions.State, **status: object) -> None:
    """Write a status as the operator would."""
    body = await builds.get(name)
    generation = body["metadata"]["generation"]
    now = moment(body)
    merged = conditions.merge(BoundedStatus(), state, generation=generation, now=now)
    change = {
        "observedGeneration": generation,
        "conditions": [each.to_json() for each in merged],
        **status,
    }
    await builds.client.patch(
        ARTIFACT_BUILDS, name, {"status": change}, builds.namespace, subresource="status"
    )


def moment(body: Body) -> datetime:
    from venture_cli.domain.outcome import parse_build

    created = parse_build(body).metadata.creation_timestamp
    assert created is not None
    return created


async def publish(
    builds: Builds,
    store: ObjectStore,
    name: str,
    data: bytes,
    key: Ed25519PrivateKey = KEY,
    *,
    media_type: str = DECK,
) -> None:
    """Store and sign an artifact, and report the build Ready, as the operator would."""
    digest = hashlib.sha256(data).hexdigest()
    statement = provenance.Statement(
        subject=(provenance.Subject(name=name, digest=provenance.Digest(sha256=digest)),),
        predicate=provenance.Predicate(
            build_definition=provenance.BuildDefinition(
                external_parameters={},
                internal_parameters={
                    "cacheKey": CACHE_KEY,
                    "build": f"{builds.namespace}/{name}",
                },
                resolved_dependencies=(),
            ),
            run_details=provenance.RunDetails(
                builder=provenance.Builder(id="https://x", version={"toolchain": "t"}),
                metadata=provenance.Metadata(
                    invocation_id="u/1", finished_on=moment(await builds.get(name))
                ),
            ),
        ),
    )
    envelope = provenance.sign(statement, key)
    folder = f"artifacts/sha256/{digest}"
    await store.put(f"{folder}/artifact", data, media_type=media_type)
    await store.put(f"{folder}/{'c' * 64}.intoto.json", envelope, media_type="application/json")
    await report(
        builds,
        name,
        conditions.ready("Built", "built 12 B"),
        phase="Ready",
        size=f"{len(data)} B",
        cacheKey=CACHE_KEY,
        artifact={
            "uri": store.uri(f"{folder}/artifact"),
            "sha256": digest,
            "sizeBytes": len(data),
            "mediaType": media_type,
        },
        provenance={
            "uri": store.uri(f"{folder}/{'c' * 64}.intoto.json"),
            "sha256": hashlib.sha256(envelope).hexdigest(),
            "keyId": provenance.key_id(key.public_key()),
        },
    )
