"""What a tenant with `edit` tries at a neighbour's work: one table for each way there is.

`tests/e2e/test_tenants_work.py` tries them all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenants import Attempt

if TYPE_CHECKING:
    from collections.abc import Mapping

type Json = dict[str, Any]

OURS: Final = "venture.parpour.dev/v1alpha1"
CONTENT: Final = "content.venture.parpour.dev/v1alpha1"
FLOW, INTENT, SCRIPTS, POLICY = "reading", "ads", "reading-script", "hers"
"""What the neighbour has: a Workflow, a MoneyIntent, a ConfigMap and a PolicyBundle besides."""
FILE: Final = "notes/plan.md"
"""What the neighbour's agent wrote into its workspace."""
SECRET: Final = "we-buy-acme-in-march-7d21"  # noqa: S105  no password
"""What it says."""

BY_KUBECTL: Final = (
    Attempt("get", "workflows", "<theirs>", OURS, FLOW),
    Attempt("list", "workflows", "<theirs>", OURS),
    Attempt("watch", "workflows", "<theirs>", OURS),
    Attempt("list", "workflows", "", OURS),
    Attempt("create", "workflows", "<theirs>", OURS),
    Attempt("update", "workflows", "<theirs>", OURS, FLOW),
    Attempt("delete", "workflows", "<theirs>", OURS, FLOW),
    Attempt("get", "moneyintents", "<theirs>", OURS, INTENT),
    Attempt("update", "moneyintents", "<theirs>", OURS, INTENT),
    Attempt("watch", "moneyintents", "<theirs>", OURS),
    Attempt("get", "policybundles", "<theirs>", OURS, POLICY),
    Attempt("delete", "policybundles", "<theirs>", OURS, POLICY),
    Attempt("create", "approvals", "<theirs>", OURS),
    Attempt("list", "approvals", "<theirs>", OURS),
    Attempt("get", "configmaps", "<theirs>", name=SCRIPTS),
    Attempt("update", "configmaps", "<theirs>", name=SCRIPTS),
    Attempt("watch", "events", "<theirs>"),
    Attempt("get", "workflows/transcript", "<theirs>", CONTENT, FLOW),
    Attempt("get", "artifactbuilds/events", "<theirs>", CONTENT, "deck"),
    Attempt("get", "artifactbuilds/proxy", "<theirs>", CONTENT, "deck"),
)
"""Requests to the API server, each refused in the words of RBAC."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a service, and the status that it is to get."""

    service: str
    method: str
    path: str
    status: int
    body: Json | None = None
    says: str = ""
    """What the answer says, among other things."""
    headers: Mapping[str, str] = field(default_factory=dict)


_SPEND: Final = {
    "intent": INTENT,
    "merchant": "acme-ads",
    "category": "7311",
    "currency": "USD",
    "amountCents": 100,
}
_READ: Final = {
    "callId": "0c4a5ea3-7f58-4f7d-9d6c-8b5f0d1f2a11",
    "arguments": {"path": FILE},
}
_ASK: Final = {
    "model": "scripted",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": "What did they say?"}],
}
BY_TOKEN: Final = (
    Call("treasury-api", "GET", "/v1/statements?namespace=<theirs>&currency=USD", 401),
    Call("treasury-api", "POST", "/v1/money/authorizations", 401, _SPEND),
    Call("treasury-api", "POST", "/v1/intents/<intent>/void", 401, {}),
    Call(
        "treasury-api",
        "POST",
        "/v1/wallets/<theirs>/funding",
        401,
        {"currency": "USD", "amountCents": 100},
    ),
    Call("llm-gateway", "GET", "/v1/models", 401),
    Call("llm-gateway", "POST", "/v1/messages", 401, _ASK),
    Call("tool-gateway", "POST", "/v1/tools/io.read", 401, _READ),
    Call("tool-gateway", "GET", "/v1/transcript", 401),
    Call(
        "policy-engine",
        "POST",
        "/v1/evaluate",
        200,
        {"tool": "io.read", "arguments": {}},
        says='"decision":"Deny","rule":"identity"',
    ),
    Call("egress-proxy", "CONNECT", "example.com:443", 407),
    Call("control-plane-api", "GET", f"/apis/{OURS}/namespaces/<theirs>/workflows", 401),
    Call("s3", "GET", "/venture?list-type=2", 403),
    Call("s3", "GET", "/venture/<transcript>", 403),
)
"""Calls with a token of a service account of her own, for every audience of ours at once."""
_WORK: Final = f"/apis/{OURS}/namespaces/<theirs>"
_CONTENT: Final = f"/apis/{CONTENT}/namespaces/<theirs>"
_WEBSOCKET: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "bm9ib2R5IHNheXMgaGk0Mg==",
}
BY_ACCOUNT: Final = (
    Call("control-plane-api", "GET", f"{_WORK}/workflows", 403),
    Call("control-plane-api", "GET", f"{_WORK}/workflows?watch=true", 403),
    Call("control-plane-api", "GET", f"{_WORK}/workflows/{FLOW}", 403),
    Call(
        "control-plane-api",
        "PATCH",
        f"{_WORK}/workflows/{FLOW}",
        403,
        {"spec": {"shutdown": "Terminate"}},
    ),
    Call("control-plane-api", "GET", f"{_WORK}/moneyintents/{INTENT}", 403),
    Call("control-plane-api", "POST", f"{_WORK}/approvals", 403, {}),
    Call("control-plane-api", "GET", f"/apis/{OURS}/workflows", 403),
    Call("control-plane-api", "GET", "/v1/namespaces/<theirs>/events", 403),
    Call("control-plane-api", "GET", "/v1/namespaces/<theirs>/inbox", 403),
    Call("control-plane-api", "GET", f"{_CONTENT}/statements/USD", 403),
    Call("control-plane-api", "GET", f"{_CONTENT}/workflows/{FLOW}/transcript?task=research", 403),
    Call(
        "control-plane-api",
        "GET",
        "/ws/founder?namespace=<own>&namespace=<theirs>&after=0",
        403,
        headers=_WEBSOCKET,
    ),
)
"""Calls of founders' API by an account of her own namespace."""
PORTS: Final = {
    "egress-proxy": 8443,
    "llm-gateway": 8443,
    "nats": 4222,
    "policy-engine": 8443,
    "postgres": 5432,
    "s3": 7070,
    "tool-gateway": 8443,
    "treasury-api": 8443,
    "valkey": 6379,
}
"""What her pods may not even reach, whatever labels they wear: all but the door for people."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An object of her own that names something of the neighbour's, and what comes of it.

    Without a reason its creation is refused in those words; else it is taken, and waits.
    """

    body: Json
    words: str
    reason: str = ""


def workflow(name: str, script: str = SCRIPTS, **spec: Any) -> Json:
    """Return a Workflow of one agent that plays a script."""
    model = {"provider": "Scripted", "name": "scripted"}
    model |= {"script": {"name": script, "key": "script.json"}}
    agent = {
        "role": "researcher",
        "model": model,
        "instructions": "Do what the script says.",
        "tools": ["io.read", "io.write"],
    }
    return {
        "apiVersion": OURS,
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": {
            "objective": "Look at a plan",
            "deadlineSeconds": 600,
            "budget": {"currency": "USD", "llmCents": 50},
            "tasks": [{"name": "research", "timeoutSeconds": 120, "agent": agent}],
            **spec,
        },
    }


def intent(name: str, **spec: Any) -> Json:
    """Return a MoneyIntent for which people are asked."""
    return {
        "apiVersion": OURS,
        "kind": "MoneyIntent",
        "metadata": {"name": name},
        "spec": {
            "role": "finance-controller",
            "purpose": "Search ads",
            "currency": "USD",
            "capCents": 15_000,
            "perTransactionCents": 5000,
            "merchant": {"id": "acme-ads"},
            "categories": ["7311"],
            **spec,
        },
    }


CLAIMS: Final = (
    Claim(workflow("by-path", script=f"<theirs>/{SCRIPTS}"), "script.name"),
    Claim(
        workflow("script", script="only-hers"), "there is no ConfigMap only-hers", "ScriptNotFound"
    ),
    Claim(
        workflow("policy", policyBundleRef={"name": POLICY}),
        f"there is no PolicyBundle <own>/{POLICY}",
        "BundleUnavailable",
    ),
    Claim(
        workflow("policy-path", policyBundleRef={"name": f"<theirs>/{POLICY}"}),
        "policyBundleRef.name",
    ),
    Claim(
        # Of more than this people are asked first, at night.
        intent(
            "spends",
            capCents=1000,
            perTransactionCents=1000,
            workflowRef={"name": "only-hers", "tasks": ["research"]},
        ),
        "there is no Workflow only-hers",
        "WaitingForWorkflow",
    ),
    Claim(
        workflow("elsewhere") | {"metadata": {"name": "there", "namespace": "<theirs>"}},
        'cannot create resource "workflows"',
    ),
)
"""Objects of hers that lean on the neighbour's."""
