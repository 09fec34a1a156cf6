"""The people and things with which the table of refusals is tried on a cluster."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from refusals import (
    API_VERSION,
    APPROVES_NOTHING,
    ASKS_AND_APPROVES,
    AUTHOR,
    CONTROLLER,
    FOUNDER,
    FREEZES_HERE,
    GOVERNS,
    ROBOT,
    SECOND,
    Guard,
    asks,
    create,
    deck,
    flow,
    freeze,
    intent,
    word,
)
from waiting import patiently

if TYPE_CHECKING:
    from pathlib import Path

    from refusals import Act, Refusal

type Json = dict[str, Any]

RBAC: Final = "rbac.authorization.k8s.io"
OURS: Final = "venture.venture-system"
AT_ONCE: Final = 8
"""How many kubectls run at the same time."""
SIGNS: Final = {
    Guard.RIGHTS: ('is forbidden: User "',),
    Guard.WEBHOOK: ('admission webhook "policy.venture.parpour.dev" denied the request',),
    Guard.API_POLICY: (f"ValidatingAdmissionPolicy '{OURS}.",),
    Guard.DEFINITION: ("is invalid: ", "strict decoding error"),
}
"""By what one tells who refused."""
RIGHTS: Final = (
    (FOUNDER, f"{OURS}.edit"),
    (ASKS_AND_APPROVES, f"{OURS}.edit"),
    (ASKS_AND_APPROVES, f"{OURS}.approvals"),
    (AUTHOR, f"{OURS}.policybundles"),
    (CONTROLLER, f"{OURS}.approvals"),
    (SECOND, f"{OURS}.approvals"),
    (ROBOT, f"{OURS}.approvals"),
)
"""Who has which role in the namespace where people work: of `edit` the part that is ours."""


@dataclass(frozen=True)
class Answer:
    """What kubectl said."""

    failed: bool
    said: str

    def is_from(self, guard: Guard, words: str) -> bool:
        """Return whether it is a refusal of this one, in these words."""
        return (
            self.failed and words in self.said and any(each in self.said for each in SIGNS[guard])
        )


@dataclass(frozen=True)
class Scene:
    """Two namespaces: `namespace`, where people work, and `frozen`, where a Freeze holds.

    `frozen` stands for the work namespace, too: no operator runs Jobs there.
    """

    kubeconfig: Path
    namespace: str
    frozen: str
    policies: list[Json]
    """The admission policies of the chart."""
    values: dict[str, str] = field(default_factory=dict)
    """What stands for `<name>` in the table."""
    busy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def kubectl(self, *arguments: str, stdin: str = "") -> Answer:
        """Run kubectl, and return what it said."""
        async with self.busy:
            process = await asyncio.create_subprocess_exec(
                "kubectl",
                f"--kubeconfig={self.kubeconfig}",
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            said, _ = await process.communicate(stdin.encode())
        return Answer(process.returncode != 0, said.decode())

    async def act(self, act: Act, name: str, who: str, where: str, *more: str) -> Answer:
        """Have somebody do something; what is created is called `name`."""
        body = act.body or {}
        arguments = [act.verb, f"--namespace={self.filled(where)}"]
        arguments += [f"--as={self.filled(who)}"] if who else []
        if act.verb == "create":
            whole = {"apiVersion": API_VERSION, "kind": act.kind, **body}
            whole["metadata"] = {"name": name, **body.get("metadata", {})}
            text = self.filled(json.dumps(whole))
            return await self.kubectl(*arguments, "--filename=-", *more, stdin=text)
        if act.verb == "patch":
            arguments += ["--type=merge", f"--patch={self.filled(json.dumps(body))}"]
        return await self.kubectl(*arguments, act.kind, self.filled(act.name), *more)

    async def attempt(self, refusal: Refusal, name: str) -> Answer:
        """Try what is to be refused."""
        # What would do harm if it got through is only tried.
        dry = ("--dry-run=server",) if refusal.act.kind in {"Freeze", "Pod"} else ()
        return await self.act(refusal.act, name, refusal.who, refusal.where, *dry)

    def filled(self, text: str) -> str:
        """Return a text of the table with what is here in it."""
        for name, value in self.values.items():
            text = text.replace(f"<{name}>", value)
        return text

    async def get(self, kind: str, name: str, where: str = "<namespace>") -> Json:
        """Return an object as it is."""
        place = f"--namespace={self.filled(where)}"
        answer = await self.kubectl("get", place, kind, self.filled(name), "--output=json")
        assert not answer.failed, answer.said
        found: Json = json.loads(answer.said)
        return found

    async def set(self) -> None:
        """Put everything there: policy, rights, a Freeze, and what people asked for before."""
        self.values.update(namespace=self.namespace, frozen=self.frozen)
        everything = {"apiVersion": "v1", "kind": "List", "items": self._given()}
        made = await self.kubectl(
            "create", "--filename=-", stdin=self.filled(json.dumps(everything))
        )
        assert not made.failed, made.said
        for where in (self.namespace, self.frozen):
            ready = ("--for=condition=Ready", "policybundle/default", "--timeout=60s")
            waited = await self.kubectl("wait", f"--namespace={where}", *ready)
            assert not waited.failed, waited.said
        for act, name, who in (
            (intent(ASKS_AND_APPROVES, capCents=60_000), "asked", ASKS_AND_APPROVES),
            (flow(*asks("review")), "waits", FOUNDER),
            (create("ArtifactBuild", **deck(), suspend=True), "made", FOUNDER),
        ):
            await self.do(act, name, who)
        asked = await patiently(
            lambda: self.get("MoneyIntent", "asked"),
            lambda body: bool(body.get("status", {}).get("targetDigest")),
        )
        self.values.update(uid=asked["metadata"]["uid"], digest=asked["status"]["targetDigest"])
        await self.do(
            word(SECOND, decision="Deny", targetDigest=f"sha256:{'1' * 64}"), "said", SECOND
        )
        await self.do(word(CONTROLLER), "counts", CONTROLLER)
        await self.is_approved_by(CONTROLLER)

    async def is_approved_by(self, *people: str) -> Json:
        """Wait until these approved `asked`, and return its status."""

        async def asked() -> Json:
            return (await self.get("MoneyIntent", "asked")).get("status", {})

        return await patiently(
            asked, lambda status: status.get("approvals", {}).get("by") == [*people]
        )

    async def do(self, act: Act, name: str, who: str) -> None:
        """Do something that is allowed, as soon as it is: rights and policies take a moment."""
        await patiently(
            lambda: self.act(act, name, who, "<namespace>"), lambda answer: not answer.failed
        )

    async def clear(self) -> None:
        """Take away what does not go with the namespaces; others are to meet nothing of it."""
        stdin = self.filled(
            json.dumps({"apiVersion": "v1", "kind": "List", "items": self.policies})
        )
        await self.kubectl("delete", "--filename=-", stdin=stdin)
        await self.kubectl("delete", "clusterrole,clusterrolebinding", self.namespace)
        # While they hold, this takes a note.
        freezes = [self.frozen, f"{self.frozen}-other"]
        await patiently(
            lambda: self.kubectl("delete", "freeze", "--ignore-not-found", *freezes),
            lambda answer: not answer.failed,
        )

    def _given(self) -> list[Json]:
        bundles = [
            _object("PolicyBundle", "default", where, {**GOVERNS, "state": "Published"})
            for where in ("<namespace>", "<frozen>")
        ]
        elsewhere = {"namespace": "<namespace>-other"}
        freezes = [
            _object("Freeze", name, "", (freeze(scope).body or {})["spec"])
            for name, scope in (
                ("<frozen>", {"namespace": "<frozen>"}),
                ("<frozen>-other", elsewhere),
            )
        ]
        return [
            *self.policies,
            # A pod is judged when its account is there.
            _named("ServiceAccount", "v1", "default", "<frozen>"),
            *bundles,
            *freezes,
            *(
                _binding(f"given-{at}", user, "ClusterRole", role, "<namespace>")
                for at, (user, role) in enumerate(RIGHTS)
            ),
            _binding("founder", FOUNDER, "ClusterRole", f"{OURS}.edit", "<frozen>"),
            _binding("freezer", FREEZES_HERE, "ClusterRole", f"{OURS}.freezes", "<frozen>"),
            _role("Role", "words", "approvals", "<namespace>"),
            _binding("words", APPROVES_NOTHING, "Role", "words", "<namespace>"),
            _role("ClusterRole", "<namespace>", "freezes"),
            _binding("<namespace>", FREEZES_HERE, "ClusterRole", "<namespace>"),
        ]


def _named(kind: str, api_version: str, name: str, namespace: str) -> Json:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _object(kind: str, name: str, namespace: str, spec: Json) -> Json:
    return {**_named(kind, API_VERSION, name, namespace), "spec": spec}


def _role(kind: str, name: str, plural: str, namespace: str = "") -> Json:
    verbs = ["get", "create", "patch", "delete"]
    rules = [{"apiGroups": ["venture.parpour.dev"], "resources": [plural], "verbs": verbs}]
    return {**_named(kind, f"{RBAC}/v1", name, namespace), "rules": rules}


def _binding(name: str, user: str, kind: str, role: str, namespace: str = "") -> Json:
    bound = "RoleBinding" if namespace else "ClusterRoleBinding"
    return {
        **_named(bound, f"{RBAC}/v1", name, namespace),
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
    }
