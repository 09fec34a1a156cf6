"""The release's pods, killed at random while something goes on; a seed says which and when."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from podcrashes import crash
from venture_core.kubernetes.resources import PODS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from venture_core.kubernetes.client import KubernetesClient

COMPONENT: Final = "app.kubernetes.io/component"
VICTIMS: Final = (
    "operator",
    "webhooks",
    "llm-gateway",
    "tool-gateway",
    "policy-engine",
    "egress-proxy",
    "treasury-api",
    "control-plane-api",
    "sequencer",
    "relay",
    "projector",
    "nats",
    "postgres",
)
"""What is killed, by its component."""


@dataclass
class Killings:
    """Kills a pod of the release now and then, and counts."""

    client: KubernetesClient
    namespace: str
    random: Random
    pause_seconds: tuple[float, float] = (4, 12)
    """The shortest and the longest time between two kills."""
    done: Counter[str] = field(default_factory=Counter)

    async def go_on(self) -> None:
        """Kill until cancelled."""
        while True:
            await asyncio.sleep(self.random.uniform(*self.pause_seconds))
            victim = self.random.choice(VICTIMS)
            pods = await self.client.list(
                PODS, self.namespace, label_selector=f"{COMPONENT}={victim}"
            )
            names = sorted(each["metadata"]["name"] for each in pods)
            if names:
                await crash(self.client, self.namespace, self.random.choice(names))
                self.done[victim] += 1


def settle(kubectl: Callable[..., str], namespace: str) -> None:
    """Wait until all that was killed is there again."""
    kubectl("-n", namespace, "rollout", "status", "deployment,statefulset", "--timeout=180s")
