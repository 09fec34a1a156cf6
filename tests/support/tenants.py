"""Tenants of one installation: users with plain `edit` in a namespace and nothing elsewhere."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

type Body = dict[str, Any]
type Kubectl = Callable[..., str]


@dataclass(frozen=True)
class Tenant:
    """A tenant's hands: whatever is done is done with their rights."""

    kubectl: Kubectl
    user: str
    namespace: str

    def run(self, *arguments: str, stdin: str | None = None, fails: bool = False) -> str:
        """Run kubectl as this user, in their namespace unless it is told another."""
        namespace = () if "-n" in arguments else ("-n", self.namespace)
        given = (f"--as={self.user}", *namespace, *arguments)
        return self.kubectl(*given, stdin=stdin, fails=fails)

    def create(self, body: Body, *, fails: bool = False) -> str:
        """Create an object in their namespace, or in that which the object names."""
        namespace = body["metadata"].get("namespace", self.namespace)
        return self.run("-n", namespace, "create", "-f", "-", stdin=json.dumps(body), fails=fails)

    def patch(self, resource: str, name: str, change: Body, *more: str, fails: bool = False) -> str:
        """Patch an object of their namespace."""
        patch = ("patch", resource, name, "--type=merge", f"--patch={json.dumps(change)}")
        return self.run(*patch, *more, fails=fails)

    def may(self, verb: str, resource: str, namespace: str) -> bool:
        """Ask whether they are allowed to."""
        try:
            return self.run("auth", "can-i", verb, resource, "-n", namespace).strip() == "yes"
        except AssertionError:
            return False


@dataclass(frozen=True)
class Attempt:
    """A request, and what it is in the words of RBAC. An empty namespace: the whole cluster."""

    verb: str
    resource: str
    namespace: str = ""
    group: str = ""
    name: str = ""

    @property
    def path(self) -> str:
        """The path of the request at the API server."""
        plural, _, subresource = self.resource.partition("/")
        root = f"/apis/{self.group}" if self.group else "/api/v1"
        if self.group and "/" not in self.group:
            root += "/v1"
        where = ("namespaces", self.namespace) if self.namespace else ()
        path = "/".join(part for part in (root, *where, plural, self.name, subresource) if part)
        return f"{path}?watch=true" if self.verb == "watch" else path

    def at(self, namespace: str) -> Attempt:
        """Return it in another namespace, where it names one."""
        return replace(self, namespace=namespace) if self.namespace else self

    def by(self, tenant: Tenant) -> str:
        """Make it, and return how the API server refused it."""
        verbs = {"get": "get", "list": "get", "watch": "get", "create": "create"}
        method = verbs.get(self.verb, {"update": "replace"}.get(self.verb, "delete"))
        body: Sequence[str] = () if method in {"get", "delete"} else ("-f", "-")
        asked = (method, "--raw", self.path, *body)
        return tenant.run(*asked, stdin="{}" if body else None, fails=True)

    def refusal(self, tenant: Tenant) -> str:
        """Return the words in which the API server refuses it to them."""
        group = self.group.partition("/")[0]
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        return (
            f'User "{tenant.user}" cannot {self.verb} resource "{self.resource}" '
            f'in API group "{group}" {where}'
        )
