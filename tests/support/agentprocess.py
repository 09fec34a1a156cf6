"""The agent's process as the kubelet would run it: an input folder, tokens, and what it leaves."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from venture_core.agents.assignment import ASSIGNMENT_FILE

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "sk-canary-token"  # noqa: S105  nobody takes it
AUDIENCES = ("llm-gateway", "egress", "tools", "treasury")


async def run_agent(
    folder: Path,
    url: str,
    assignment: bytes,
    patience_seconds: float = 20,
    **elsewhere: tuple[str, str],
) -> tuple[int, str, str]:
    """Run the process against services at one URL; return its code, its result, and its log.

    `elsewhere` are the URLs of those that stand elsewhere (`treasury`, `tools`, `egress`), and
    their tokens.
    """
    tokens = folder / "tokens"
    tokens.mkdir(parents=True, exist_ok=True)
    for audience in AUDIENCES:
        (tokens / f"venture-{audience}").write_text(f"{TOKEN}-{audience}")
    for audience, (_, token) in elsewhere.items():
        (tokens / f"venture-{audience}").write_text(token)
    urls = {audience: where for audience, (where, _) in elsewhere.items()}
    (folder / ASSIGNMENT_FILE).write_bytes(assignment)
    message = folder / "termination-log"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "venture_agent_runtime",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={
            "VENTURE_INPUT_FOLDER": str(folder),
            "VENTURE_TOKENS_FOLDER": str(tokens),
            "VENTURE_TERMINATION_LOG": str(message),
            "VENTURE_PATIENCE_SECONDS": str(patience_seconds),
            "VENTURE_LLM_GATEWAY_URL": url,
            "VENTURE_EGRESS_PROXY_URL": urls.get("egress", url),
            "VENTURE_TOOL_GATEWAY_URL": urls.get("tools", url),
            "VENTURE_TREASURY_URL": urls.get("treasury", url),
        },
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    log = said.decode()
    assert TOKEN not in log, "no token is logged"
    assert message.exists(), log
    return process.returncode, message.read_text(), log
