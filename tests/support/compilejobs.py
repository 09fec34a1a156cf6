"""The compile Job as a process, and the object store that it may reach, on this machine."""

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, override

from PIL import Image
from venture_core.artifacts.deck.target import PPTX
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.jobcontract import CompileJobResult, JobGates, parse_result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

type Document = dict[str, Any]

_buffer = io.BytesIO()
Image.new("RGB", (40, 20), "navy").save(_buffer, "PNG")
PICTURE = _buffer.getvalue()

DOCUMENT: Document = {
    "kind": "SlideSpec",
    "version": 1,
    "title": "Deck",
    "slides": [
        {"type": "title", "title": "Hello"},
        {"type": "image", "title": "Look", "image": "photo", "altText": "A navy field"},
    ],
}
ENDS_WITHIN_SECONDS = 60


class Store(ThreadingHTTPServer):
    """An object store that knows one signature, for one process."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.redirects: set[str] = set()
        self.refuses_uploads = False
        self.refused: set[str] = set()
        self.holds = threading.Event()
        self.holds.set()
        self.asked = threading.Event()

    def url(self, key: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{key}?signature=topsecret"


@contextmanager
def serving() -> Iterator[Store]:
    """Serve an empty store."""
    server = Store()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.holds.set()
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        key = self._key()
        self.server.asked.set()
        self.server.holds.wait(ENDS_WITHIN_SECONDS)
        if key in self.server.redirects:
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
        elif key not in self.server.objects:
            self.send_error(404)
        else:
            data = self.server.objects[key]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.refuses_uploads:
            self.send_error(503)
            return
        if self._key() in self.server.refused:
            self.send_error(403)
            return
        self.server.objects[self._key()] = data
        self.send_response(200)
        self.end_headers()

    def _key(self) -> str:
        assert self.path.endswith("?signature=topsecret")
        return self.path.split("?")[0].removeprefix("/")

    @override
    def log_message(self, format: str, *args: Any) -> None:
        pass


class Job:
    """A compile Job on this machine, with its folder in place of the pod's mounts."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.input = folder / "input"
        self.input.mkdir()
        self.termination_log = folder / "termination-log"
        self.termination_log.touch()
        self.store = store
        self.log = ""

    def prepare(self, document: Document | None = DOCUMENT, **changed: Any) -> None:
        (self.input / "request.json").write_text(json.dumps(self.request(**changed)))
        if document is not None:
            (self.input / "ir.json").write_text(json.dumps(document))

    def request(self, **changed: Any) -> Document:
        self.store.objects["photo"] = PICTURE
        asset = {
            "name": "photo",
            "url": self.store.url("photo"),
            "sha256": hashlib.sha256(PICTURE).hexdigest(),
        }
        return {
            "target": "Pptx",
            "gates": JobGates.from_settings(GateSettings()).model_dump(by_alias=True),
            "assets": [asset],
            "upload": {"url": self.store.url("staging/1"), "fields": {}},
            "toolchain": PPTX.toolchain.id,
            "maxArtifactBytes": 10_000_000,
            **changed,
        }

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "venture_artifact_compiler"],
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "VENTURE_INPUT_FOLDER": str(self.input),
                "VENTURE_TERMINATION_LOG": str(self.termination_log),
            },
        )

    def end(self, process: subprocess.Popen[bytes]) -> tuple[int, str]:
        """Return exit code and termination message of a Job that ends; no secret is in its log."""
        output, _ = process.communicate(timeout=ENDS_WITHIN_SECONDS)
        self.log = output.decode()
        message = self.termination_log.read_text()
        assert "topsecret" not in self.log
        assert "topsecret" not in message
        return process.returncode, message

    def finish(self, process: subprocess.Popen[bytes]) -> tuple[int, CompileJobResult]:
        code, message = self.end(process)
        assert all(self.events())
        return code, parse_result(message)

    def events(self) -> list[str]:
        """Return what the Job that ended has logged."""
        return [json.loads(line)["event"] for line in self.log.splitlines()]

    def run(self) -> tuple[int, CompileJobResult]:
        return self.finish(self.start())
