"""Requests of S3 that obstore has no call for, signed with AWS Signature Version 4."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.objectstore import S3Settings


async def s3_request(
    settings: S3Settings,
    method: str,
    key: str = "",
    *,
    query: Mapping[str, str] | None = None,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> httpx2.Response:
    """Send a request about the bucket, or about an object of it, and return what is answered."""
    assert settings.access_key_id is not None
    assert settings.secret_access_key is not None
    parts = sorted((query or {}).items())
    asked = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parts)
    path = quote(f"/{settings.bucket}/{key}".rstrip("/"))
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    digest = hashlib.sha256(body).hexdigest()
    sent = {
        "host": urlsplit(settings.endpoint).netloc,
        "x-amz-content-sha256": digest,
        "x-amz-date": now,
        **(headers or {}),
    }
    names = ";".join(sorted(sent))
    lines = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
    canonical = f"{method}\n{path}\n{asked}\n{lines}\n{names}\n{digest}"
    scope = f"{now[:8]}/{settings.region}/s3/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key_bytes = b"AWS4" + settings.secret_access_key.get_secret_value().encode()
    for step in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashed}"):
        key_bytes = hmac.digest(key_bytes, step.encode(), "sha256")
    sent["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={settings.access_key_id}/{scope},"
        f"SignedHeaders={names},Signature={key_bytes.hex()}"
    )
    async with httpx2.AsyncClient() as http:
        return await http.request(
            method, f"{settings.endpoint}{path}?{asked}", content=body, headers=sent
        )
