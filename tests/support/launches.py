"""The launch of the examples in a namespace of its own, by people of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surroundings import REPOSITORY
from venture_core.kubernetes.resources import WORKFLOWS
from venture_core.waiting import TARGETS, waiting_in
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import Iterable

    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.waiting import Waiting

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

EXAMPLES = REPOSITORY / "examples"
FOUNDER, CONTROLLER = "venture:maya", "venture:noor"
SYSTEM = "venture-system"
_IMAGE = "jsonpath={.spec.template.spec.containers[0].image}"


@dataclass(frozen=True)
class Launch:
    """A namespace with policy, pages and money, whose founder and controller are two people."""

    kubectl: Kubectl
    kubeconfig: Path
    namespace: str

    def prepare(self, usd: int = 1000) -> None:
        """Publish the starter bundle, serve the pages, pay in, give both people their rights."""
        self.run("apply", "-f", str(EXAMPLES / "policy" / "starter.yaml"))
        image = self.kubectl("get", "deployment", "venture", "-n", SYSTEM, "-o", _IMAGE)
        pages = (EXAMPLES / "launch-pages.yaml").read_text()
        self.run("apply", "-f", "-", stdin=pages.replace("image: venture\n", f"image: {image}\n"))
        for name, user, role in (
            ("founder", FOUNDER, "edit"),
            ("controller", CONTROLLER, "view"),
            ("approver", CONTROLLER, f"venture.{SYSTEM}.approvals"),
        ):
            self.run("create", "rolebinding", name, f"--clusterrole={role}", f"--user={user}")
        self.venture("money", "fund", self.namespace, str(usd))
        self.run("wait", "--for=condition=Ready", "pb/default", "--timeout=60s")
        self.run("wait", "--for=condition=Available", "deploy/pages", "--timeout=60s")

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return self.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def venture(self, *arguments: str) -> str:
        """Run the command line in the namespace; return what it prints."""
        place = ("-n", self.namespace, "--kubeconfig", str(self.kubeconfig))
        done = subprocess.run(
            [sys.executable, "-m", "venture_cli", *arguments, *place],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def submit(self, example: str) -> str:
        """Create the Workflow of an example as the founder; return its uid."""
        self.run("apply", f"--as={FOUNDER}", "-f", "-", stdin=self.example(example))
        return str(self.flow(Path(example).stem)["metadata"]["uid"])

    def example(self, name: str) -> str:
        """Return an example that reads the pages of this namespace."""
        text = (EXAMPLES / name).read_text()
        return text.replace("pages.launch.", f"pages.{self.namespace}.")

    def flow(self, name: str) -> Body:
        """Return a Workflow as it is."""
        found: Body = json.loads(self.run("get", "workflow", name, "-o", "json"))
        return found

    def phases(self, name: str) -> dict[str, str]:
        """Return the phase of each task."""
        status = self.flow(name).get("status", {})
        return {each["name"]: each["phase"] for each in status.get("tasks", [])}

    async def until(
        self, name: str, good: Callable[[Body], bool], *, within_seconds: float = 120
    ) -> Body:
        """Wait until the status of a Workflow is good, and return it."""

        async def look() -> Body:
            status: Body = self.flow(name).get("status", {})
            return status

        return await patiently(look, good, within_seconds=within_seconds)

    async def until_ended(self, name: str) -> Body:
        """Wait until a Workflow is at its end."""
        ended = {"Succeeded", "Failed", "Cancelled"}
        return await self.until(name, lambda status: status.get("phase") in ended)

    async def until_asked(self, kind: str) -> Body:
        """Wait until something of a kind waits for people, and return it."""

        async def look() -> list[Body]:
            waiting: list[Body] = json.loads(self.venture("approvals", "-o", "json"))
            return [each for each in waiting if each["kind"] == kind and each["digest"]]

        (found,) = await patiently(look, bool, within_seconds=120)
        return found

    def say(self, asked: Body, decision: str) -> None:
        """Have the controller approve or deny what waits."""
        target = {"kind": asked["kind"], "name": asked["name"], "uid": asked["uid"]}
        if asked.get("task"):
            target["taskName"] = asked["task"]
        body = {
            "apiVersion": "venture.parpour.dev/v1alpha1",
            "kind": "Approval",
            "metadata": {"generateName": "said-"},
            "spec": {"targetRef": target, "targetDigest": asked["digest"], "decision": decision},
        }
        self.run("create", f"--as={CONTROLLER}", "-f", "-", stdin=json.dumps(body))

    def events(self, uid: str) -> list[Body]:
        """Return all events of a Workflow, in the order of the log."""
        said = self.venture("events", "tail", "--no-follow", "--workflow", uid, "-o", "json")
        return [json.loads(line)["event"] for line in said.splitlines()]

    def spent_cents(self) -> int:
        """Return what the ledger says was paid to merchants, in cents."""
        return -sum(each["amountCents"] for each in self.statement() if each.get("merchant"))

    def statement(self) -> list[Body]:
        """Return the entries of the wallet's statement, oldest first."""
        read: Body = json.loads(self.venture("money", "statement", "-o", "json"))
        entries: list[Body] = read["entries"]
        return entries


@dataclass(frozen=True)
class Waits:
    """Waits for a launch by the API server: a look costs less than a command does."""

    client: KubernetesClient
    namespace: str
    within_seconds: float = 120

    async def until_asked(self, kind: str) -> Waiting:
        """Wait until something of a kind waits for people, and return it."""

        async def look() -> list[Waiting]:
            await self._status()
            resource = TARGETS[kind.lower()]
            bodies = await self.client.list(resource, self.namespace)
            found = [each for body in bodies for each in waiting_in({**body, "kind": kind})]
            return [each for each in found if each.digest]

        (found,) = await patiently(look, bool, within_seconds=self.within_seconds)
        return found

    async def until_succeeded(self) -> Body:
        """Wait until all is done, and return the Workflow's status."""
        return await patiently(
            self._status,
            lambda status: status.get("phase") == "Succeeded",
            within_seconds=self.within_seconds,
        )

    async def until_released(self) -> Body:
        """Wait until nothing is set aside for the Workflow any more, and return its status."""
        return await patiently(
            self._status,
            lambda status: not status.get("budgetOpen"),
            within_seconds=self.within_seconds,
        )

    async def _status(self) -> Body:
        """Return the Workflow's status, unless it shows that nothing will come of it."""
        flow = await self.client.get(WORKFLOWS, "launch", self.namespace)
        status: Body = (flow or {}).get("status", {})
        assert status.get("phase") not in {"Failed", "Cancelled"}, status
        return status


def payloads(events: Iterable[Body], event_type: str) -> list[Body]:
    """Return what the events of a type say."""
    return [each["payload"] for each in events if each["event_type"] == event_type]
