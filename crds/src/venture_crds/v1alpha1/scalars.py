"""Strings and numbers with a meaning of their own, shared by the kinds."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from venture_crds.markers import Cel, Matches

type Timestamp = Annotated[AwareDatetime, Field(json_schema_extra={"maxLength": 64})]
"""A moment, in RFC 3339."""

type Generation = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A generation that the API server counts."""

type Sha256 = Annotated[
    str,
    Field(max_length=64),
    Matches("^[0-9a-f]{64}$", "must be a SHA-256 digest: 64 lowercase hexadecimal digits"),
]
"""A SHA-256 digest in hexadecimal."""

type DnsLabel = Annotated[
    str,
    Field(max_length=63),
    Matches(
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "must consist of lowercase letters, digits and '-', and start and end with a letter "
        "or digit",
    ),
]
"""A short name, as Kubernetes has them."""

type ObjectName = Annotated[
    str,
    Field(max_length=253),
    Matches(
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "must be the name of a Kubernetes object: lowercase letters, digits, '-' and '.', "
        "starting and ending with a letter or digit",
    ),
]
"""The name of a Kubernetes object."""

type ObjectKey = Annotated[
    str,
    Field(max_length=1024),
    Cel(
        # Searched rather than split: lists of these have to stay within the API server's budget.
        "!self.matches('(^|/)[.]{0,2}(/|$)')",
        "must be a plain object key: no '/' at either end, no empty part, no '.' or '..' as a part",
    ),
]
"""The key of an object in S3, or the part of it below a folder."""

type Reason = Annotated[
    str,
    Field(max_length=64),
    Matches("^[A-Z][A-Za-z0-9]*$", "must be one CamelCase word"),
]
"""Why something is as it is, in one word for programs."""

type Message = Annotated[str, Field(max_length=2048)]
"""What a person should know, in a sentence or two."""
