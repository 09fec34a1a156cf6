"""What a service answered, read whole."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass
class Answer:
    """A response of a service."""

    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The data, which has to be an object of JSON."""
        body: dict[str, Any] = json.loads(self.data)
        return body

    @property
    def said(self) -> str:
        """What a Status says; everything that is no success is one."""
        assert self.body["kind"] == "Status", self.data
        return str(self.body["message"])
