"""What the store remembers of a finished build, under its cache key."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from venture_crds.v1alpha1.artifactbuild import GateOutcome, Thumbnail


class CacheEntry(BaseModel):
    """Where the bytes and their provenance are, and which build made them.

    Written last when a build is published: where it exists, everything it names exists.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    cache_key: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    uri: str = Field(max_length=2048)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=1)
    media_type: str = Field(max_length=128)
    gates: tuple[GateOutcome, ...] = Field(max_length=16)
    provenance_uri: str = Field(max_length=2048)
    provenance_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    key_id: str = Field(max_length=128)
    built_by_uid: str = Field(max_length=64)
    attempt: int = Field(ge=1)
    thumbnail: Thumbnail | None = None
