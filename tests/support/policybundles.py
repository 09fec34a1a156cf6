"""Bundles for tests: a small whole one, and changes of it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

STARTER: Final[dict[str, Any]] = {
    "version": "1.0.0",
    "defaults": {"action": "Deny"},
    "roles": [
        {
            "name": "researcher",
            "tools": [
                {
                    "name": "web.fetch",
                    "when": "args.url.startsWith('https://')",
                    "domains": ["example.com", "*.wikipedia.org"],
                    "callsPerMinute": 30,
                }
            ],
            "models": [{"provider": "Anthropic", "names": ["claude-*"]}],
            "dailyBudgetCents": 2000,
            "maxConcurrent": 3,
            "timeoutSeconds": 300,
        }
    ],
    "rules": [
        {
            "id": "no-night-spend",
            "appliesTo": ["MoneyIntent"],
            "when": "now.getHours('UTC') < 6",
            "action": "RequireApproval",
            "severity": "High",
            "message": "A person looks at what is spent at night.",
        }
    ],
    "money": {
        "currencies": ["USD"],
        "perWorkflowCents": 100_000,
        "perDayCents": 1_000_000,
        "merchants": [
            {
                "id": "acme-ads",
                "categories": ["7311"],
                "perTransactionCents": 5000,
                "velocity": {"cents": 10_000, "transactions": 10, "windowSeconds": 3600},
            }
        ],
        "approvals": [{"aboveCents": 10_000, "quorum": 1}],
    },
    "artifacts": {"targets": ["Pptx"], "gates": {"contrast": True}},
}
"""What a bundle's spec says, without its state."""


def bundle(**changes: Any) -> dict[str, Any]:
    """Give the content with other values for some of its fields."""
    return deepcopy(STARTER) | changes


def manifest(name: str = "default", state: str = "Published", **changes: Any) -> dict[str, Any]:
    """Give a PolicyBundle as it is applied."""
    return {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "PolicyBundle",
        "metadata": {"name": name},
        "spec": {**bundle(**changes), "state": state},
    }
