"""What an attacker's pod writes in place of a compiler's, and what an honest one would."""

import hashlib
import json
from typing import Any

from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.deck.target import PPTX
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.jobcontract import CompileJobResult, JobArtifact
from venture_core.canonical import canonical_json

type Body = dict[str, Any]

FORGE = """
import sys
open("/dev/termination-log", "w").write(sys.argv[1])
"""


def honest_digest(document: Body) -> str:
    """Return the digest of what the document compiles to on this machine."""
    compiled = compile_artifact(
        ir=parse_ir(canonical_json(document)), assets={}, gates=GateSettings(), target="Pptx"
    )
    return compiled.sha256


def forged_result(data: bytes = b"foreign bytes") -> str:
    artifact = JobArtifact(
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        media_type=PPTX.formats[0].media_type,
    )
    return CompileJobResult(artifact=artifact, toolchain=PPTX.toolchain.id).to_message().decode()


def forging(template: Body) -> Body:
    """Return the pod of a compile Job that writes a result of its own."""
    spec: Body = json.loads(json.dumps(template))
    container = spec["containers"][0]
    container |= {"command": ["python", "-c", FORGE, forged_result()]}
    container["volumeMounts"] = [
        each for each in container["volumeMounts"] if each["name"] != "input"
    ]
    spec["volumes"] = [each for each in spec["volumes"] if each["name"] != "input"]
    return spec
