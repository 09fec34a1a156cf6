"""S3 POST policies (Signature Version 4): a form that uploads one object, of a bounded size.

A presigned PUT bounds no size; a POST policy fixes the key and the range of lengths, and the store
enforces both. Pure: the time comes in.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from venture_core.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SERVICE: Final = "s3"


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose key signs, and for which region."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str


@dataclass(frozen=True, slots=True)
class PostForm:
    """Where to POST as `multipart/form-data`, and the fields to send before the file.

    Whoever holds it can upload the object until it expires, again and again: it is a secret.
    """

    url: str
    fields: Mapping[str, str] = field(repr=False)


def post_form(
    signer: Signer,
    *,
    endpoint: str,
    bucket: str,
    key: str,
    max_bytes: int,
    now: datetime,
    lifetime: timedelta,
) -> PostForm:
    """Return the form that uploads exactly `key`, from 1 to `max_bytes` bytes, until `lifetime`."""
    at = now.astimezone(UTC)
    day, stamp = at.strftime("%Y%m%d"), at.strftime("%Y%m%dT%H%M%SZ")
    credential = f"{signer.access_key_id}/{day}/{signer.region}/{SERVICE}/aws4_request"
    signed = {
        "key": key,
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": credential,
        "x-amz-date": stamp,
    }
    document = {
        "expiration": (at + lifetime).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "conditions": [
            {"bucket": bucket},
            *({name: value} for name, value in signed.items()),
            ["content-length-range", 1, max_bytes],
        ],
    }
    policy = base64.b64encode(canonical_json(document)).decode()
    signature = hmac.new(_signing_key(signer, day), policy.encode(), hashlib.sha256).hexdigest()
    fields = signed | {"policy": policy, "x-amz-signature": signature}
    return PostForm(f"{endpoint.rstrip('/')}/{bucket}", fields)


def _signing_key(signer: Signer, day: str) -> bytes:
    key = f"AWS4{signer.secret_access_key}".encode()
    for part in (day, signer.region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
