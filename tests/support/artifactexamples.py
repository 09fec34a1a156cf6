"""The documents of the examples in `examples/artifacts`, and what they compile to."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from surroundings import REPOSITORY
from venture_core.artifacts.compile import CompiledArtifact, compile_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings

FOLDER = REPOSITORY / "examples" / "artifacts"


@dataclass(frozen=True, slots=True)
class ArtifactExample:
    """One example: its manifest and the document within."""

    manifest: dict[str, Any]

    @property
    def target(self) -> str:
        """The target that the example asks for."""
        return str(self.manifest["spec"]["target"])

    @property
    def document(self) -> bytes:
        """The document as JSON."""
        return json.dumps(self.manifest["spec"]["source"]["inline"]).encode()


def all_examples() -> dict[str, ArtifactExample]:
    """Return every build in `examples/` whose document stands in the same file, by its name.

    Each is deterministic: whatever makes it, wherever and whenever, makes the same bytes.
    """
    found: dict[str, ArtifactExample] = {}
    for path in sorted(FOLDER.parent.rglob("*.yaml")):
        bodies = [
            body for body in yaml.safe_load_all(path.read_text("utf-8")) if "kind" in (body or {})
        ]
        texts = {
            body["metadata"]["name"]: body["data"] for body in bodies if body["kind"] == "ConfigMap"
        }
        for body in bodies:
            if body["kind"] == "ArtifactBuild":
                source = body["spec"]["source"]
                if "configMapRef" in source:
                    reference = source["configMapRef"]
                    text = texts[reference["name"]][reference["key"]]
                    body["spec"]["source"] = {"inline": json.loads(text)}
                found[body["metadata"]["name"]] = ArtifactExample(body)
    return found


def example(name: str) -> ArtifactExample:
    """Read an example by its name."""
    return ArtifactExample(yaml.safe_load((FOLDER / f"{name}.yaml").read_text()))


def compiled(document: bytes | dict[str, Any], target: str, **assets: bytes) -> CompiledArtifact:
    """Compile a document with every gate on."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return compile_artifact(
        ir=parse_ir(data), assets=assets, gates=GateSettings(), target=target, thumbnail=True
    )


@cache
def compiled_example(name: str) -> CompiledArtifact:
    """Compile an example, once."""
    chosen = example(name)
    return compiled(chosen.document, chosen.target)
