"""What leaves the cluster in a report: facts about the installation, no secrets, no documents."""

import re
from typing import Any, Final

REDACTED: Final = "(redacted)"
_SECRET_NAME: Final = re.compile(
    r"pass(word|wd|phrase)?|secret|token|credential|private|api_?key|access_?key|signing_?key|dsn",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(
    r"(?P<userinfo>(?<=://)[^/\s@'\"]+(?=@))"
    r"|(?P<pem>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z))"
    r"|(?P<jwt>\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*)"
    r"|(?P<bearer>(?<=[Bb]earer )[^\s'\",]+)"
    r"|(?P<query>(?<=X-Amz-Signature=)[0-9a-fA-F]+|(?<=X-Amz-Credential=)[^&\s'\"]+)"
    r"|(?P<assigned>(?i:(?<=password=)|(?<=secret=)|(?<=token=))[^\s&'\",]+)",
    re.DOTALL,
)
_DROPPED: Final = frozenset({"managedFields", "kubectl.kubernetes.io/last-applied-configuration"})
_DOCUMENTS: Final = frozenset({"inline"})
"""The fields of our kinds that hold what people wrote."""


def redacted_text(text: str) -> str:
    """Return the text without passwords in URLs, private keys, tokens and signatures."""
    return _SECRET_TEXT.sub(REDACTED, text)


def redacted_object(body: Any) -> Any:  # noqa: ANN401  as JSON has it
    """Return an object of the cluster without what it holds in confidence.

    Of a ConfigMap and a Secret only the names of their keys are left.
    """
    if isinstance(body, dict) and body.get("kind") in {"ConfigMap", "Secret"}:
        hidden = {name: sorted(body.get(name) or {}) for name in ("data", "binaryData")}
        body = {key: value for key, value in body.items() if key not in {"data", "binaryData"}}
        body = {key: value for key, value in body.items() if key != "stringData"} | hidden
    return _redacted(body)


def _redacted(value: Any, name: str = "") -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        if isinstance(value.get("name"), str) and isinstance(value.get("value"), str):
            # A variable of a container: its name says whether its value is a secret.
            value = value | {"value": _redacted(value["value"], value["name"])}
        return {
            key: REDACTED if key in _DOCUMENTS else _redacted(each, key)
            for key, each in value.items()
            if key not in _DROPPED
        }
    if isinstance(value, list):
        return [_redacted(each) for each in value]
    if isinstance(value, str):
        secret = _SECRET_NAME.search(name) and not name.endswith(("Name", "_NAME", "_CONFIGMAP"))
        return REDACTED if value and secret else redacted_text(value)
    return value
