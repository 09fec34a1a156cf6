"""The story of `make up`: work is handed over, people are asked, a deck comes out.

Run again it goes on where the story is: a workflow that has run is shown and not run anew, and the
wallet is funded once.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paths import REPOSITORY
from people import Person, environment
from progress import ClusterError, output, say, step
from storylines import child_of, is_over, news, tree

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl import Kubectl

NAMESPACE = "launch"
_WORKFLOW = "launch"
_EXAMPLES = REPOSITORY / "examples"
_LAUNCH = _EXAMPLES / "launch.yaml"
_RESULTS = REPOSITORY / "build" / "launch"
_FOUNDER = Person("maya", "Founder", NAMESPACE)
_CONTROLLER = Person("noor", "Finance", NAMESPACE)
_FUNDS, _FUNDING_KEY = "1000", "make-up-funds-the-launch"
_SECONDS = 300
_LOOKS_EVERY_SECONDS = 0.5
_NEXT = f"kubectl -n {NAMESPACE} describe workflow {_WORKFLOW}"


@dataclass
class Story:
    """One telling: where, and whether the finance controller says yes to what waits."""

    kubectl: Kubectl
    venture: Path
    """The program."""
    system_namespace: str
    approve: bool
    _seen: dict[str, str] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def tell(self) -> None:
        """Prepare, submit, watch, approve, and show what came out of it."""
        with step("Preparing the story: policy, pages, money, people"):
            self._prepare()
        self._submit()
        flow = self._watch()
        if flow is None:
            self._tell_how_to_approve()
            return
        self._show(flow)

    def _prepare(self) -> None:
        labels = {
            "pod-security.kubernetes.io/enforce": "restricted",
            "venture.parpour.dev/made-by": "make-up",
        }
        metadata = {"name": NAMESPACE, "labels": labels}
        self.kubectl.apply(
            json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        )
        self._publish(_EXAMPLES / "policy" / "starter.yaml")
        pages = (_EXAMPLES / "launch-pages.yaml").read_text()
        self._in_namespace(
            "apply", "-f", "-", stdin=pages.replace("image: venture\n", f"image: {self._image()}\n")
        )
        scripts, _, _ = _LAUNCH.read_text().partition("\n---\n")
        self._in_namespace("apply", "-f", "-", stdin=scripts)
        self._venture("money", "fund", NAMESPACE, _FUNDS, "--key", _FUNDING_KEY)
        self._in_namespace("wait", "--for=condition=Ready", "pb/default", "--timeout=60s")
        self._in_namespace("wait", "--for=condition=Available", "deploy/pages", "--timeout=60s")
        for person in (_FOUNDER, _CONTROLLER):
            person.come_in(self.kubectl, self.venture)

    def _publish(self, bundle: Path) -> None:
        """Publish a bundle; in place of one of an earlier version, since those never change."""
        try:
            self._in_namespace("apply", "-f", str(bundle))
        except ClusterError:
            self._in_namespace("replace", "--force", "-f", str(bundle))

    def _image(self) -> str:
        path = "jsonpath={.spec.template.spec.containers[0].image}"
        place = ("--namespace", self.system_namespace)
        return self.kubectl("get", "deployment", "venture", *place, "-o", path)

    def _submit(self) -> None:
        if flow := self._flow():
            again = f"kubectl -n {NAMESPACE} delete workflow {_WORKFLOW}"
            say("It has run before" if is_over(flow) else "It runs already: going on with it")
            say(f"  {again}   # lets it run anew")
            return
        say(f"{_FOUNDER.account} submits examples/launch.yaml")
        self._venture("workflow", "submit", str(_LAUNCH), person=_FOUNDER)

    def _watch(self) -> dict[str, Any] | None:
        """Say what happens until the end; None where people are to say something first."""
        deadline = time.monotonic() + _SECONDS
        while not is_over(flow := self._flow()):
            for line in news(flow, self._seen):
                say(f"  {line.task:<10} {line.state:<28} {line.message}".rstrip())
            waiting = self._waiting()
            if waiting and not self.approve:
                return None
            for target in waiting:
                self._approve(target)
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"the workflow {_WORKFLOW} is not at its end after {_SECONDS} s",
                    next_step=_NEXT,
                )
            time.sleep(_LOOKS_EVERY_SECONDS)
        for line in news(flow, self._seen):
            say(f"  {line.task:<10} {line.state:<28} {line.message}".rstrip())
        return flow

    def _waiting(self) -> list[str]:
        """Return what waits for people and was not answered here."""
        if not any("AwaitingApproval" in state for state in self._seen.values()):
            return []
        listed = self._venture("approvals", "-o", "name", person=_CONTROLLER)
        return [each for each in listed.split() if each not in self._asked]

    def _approve(self, target: str) -> None:
        self._venture("approve", target, "-m", "make up says yes, to show how", person=_CONTROLLER)
        self._asked.add(target)
        say(f"{_CONTROLLER.account} approves {target}")

    def _tell_how_to_approve(self) -> None:
        print("\nThe workflow waits for people. As the finance controller:")
        print(f"  {_CONTROLLER.how_to_sign_in()}")
        for target in self._waiting():
            for word in ("approve", "deny"):
                print(f"  venture {word} {target} -m 'why'")
        print("Then `make up` again shows what came of it.")

    def _show(self, flow: dict[str, Any]) -> None:
        _RESULTS.mkdir(parents=True, exist_ok=True)
        print()
        for line in tree(flow):
            print(f"  {line}")
        if child := child_of(flow, "deck"):
            deck = _RESULTS / "launch.pptx"
            self._venture("artifact", "download", child, "-o", str(deck))
            print(f"\nThe deck: {deck.relative_to(REPOSITORY)} ({deck.stat().st_size:,} bytes)")
        print(f"\nThe statement of the wallet:\n{self._venture('money', 'statement')}")
        with step("Exporting the log of all events, and verifying it"):
            verified = self._audit()
        print(f"The log: {verified}\n\nSign in as the founder, or as who holds the money:")
        for person in (_FOUNDER, _CONTROLLER):
            print(f"  {person.how_to_sign_in()}")

    def _audit(self) -> str:
        """Export the whole log and verify it; return what the verification says first."""
        bundle, policy = _RESULTS / "audit.tar", _RESULTS / "log.policy"
        for path in (bundle, policy):
            path.unlink(missing_ok=True)
        self._venture("audit", "policy", "-o", str(policy))
        self._venture("audit", "export", "-o", str(bundle))
        said = self._venture("audit", "verify", str(bundle), "--policy", str(policy))
        lines = said.replace(f"{REPOSITORY}/", "").splitlines()[:3]
        return ", ".join(" ".join(line.split()) for line in lines)

    def _flow(self) -> dict[str, Any]:
        flags = ("--namespace", NAMESPACE, "--ignore-not-found")
        return self.kubectl.json("get", "workflow", _WORKFLOW, *flags)

    def _in_namespace(self, *arguments: str, stdin: str = "") -> str:
        return self.kubectl("--namespace", NAMESPACE, *arguments, stdin=stdin)

    def _venture(self, *arguments: str, person: Person | None = None) -> str:
        """Run `venture` in the story's namespace as somebody, or as who owns the cluster."""
        acting = person.environment(self.kubectl) if person else environment(self.kubectl)
        width = str(shutil.get_terminal_size((120, 24)).columns)
        place = () if arguments[0] == "audit" else ("--namespace", NAMESPACE)
        return output(
            [self.venture, *arguments, *place], env={**acting, "COLUMNS": width}, next_step=_NEXT
        )
