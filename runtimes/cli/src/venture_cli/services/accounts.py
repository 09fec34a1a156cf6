"""Accounts of founders: their sign-in by the release's API, their rights by roles of the cluster.

It takes an administrator's kubeconfig: whoever may make rights may make accounts.
"""

import asyncio
import secrets
from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.errors import ConflictError, KubernetesError
from venture_core.kubernetes.resources import CLUSTER_ROLES, NAMESPACES, Resource

from venture_cli.domain.accounts import ACCOUNT_LABEL, binding, impersonated, impersonation
from venture_cli.domain.signedin import RIGHTS_LABEL
from venture_cli.errors import CliError, ExitCode
from venture_cli.services.content import GROUP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from venture_core.kubernetes.client import Body, KubernetesClient

    from venture_cli.domain.accounts import AccountRole
    from venture_cli.services.session import Session

ACCOUNTS: Final = Resource(GROUP, "v1alpha1", "accounts", "Account", namespaced=False)
ROLE_BINDINGS: Final = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding")
PASSWORD_BYTES: Final = 18
_ATTEMPTS: Final = 5


async def create_account(
    session: Session, account: str, role: AccountRole, namespaces: Sequence[str]
) -> str:
    """Make an account with rights in namespaces; return its password, which is kept nowhere.

    CliError where there is one, or a namespace is missing.
    """
    client = await session.cluster()
    rights = await _role(client, session, role.lower())
    for namespace in namespaces:
        if await client.get(NAMESPACES, namespace) is None:
            raise CliError(f"there is no namespace {namespace}", ExitCode.NOT_FOUND)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    # Only a hash leaves this program: the API server may log what it forwards.
    body = {
        "account": account,
        "role": role,
        "passwordHash": await asyncio.to_thread(_hashed, password),
    }
    await client.request("POST", ACCOUNTS.plural, ACCOUNTS.path(), body=body)
    await _impersonate(client, session, lambda users: users | {account})
    for namespace in namespaces:
        made = binding(account, str(rights["metadata"]["name"]))
        await client.apply(ROLE_BINDINGS, made, namespace, field_manager="venture-cli")
    return password


async def list_accounts(session: Session) -> list[Body]:
    """Return all accounts, without what proves them."""
    client = await session.cluster()
    answer = await client.request("GET", ACCOUNTS.plural, ACCOUNTS.path())
    found: list[Body] = answer["items"]
    return found


async def disable_account(session: Session, account: str) -> None:
    """End an account's sessions and rights; it signs in no more. KubernetesError without one."""
    client = await session.cluster()
    await client.request("DELETE", ACCOUNTS.plural, ACCOUNTS.path(name=account))
    await _impersonate(client, session, lambda users: users - {account})
    bound = await client.list(ROLE_BINDINGS, label_selector=f"{ACCOUNT_LABEL}={account}")
    for each in bound:
        metadata = each["metadata"]
        await client.delete(ROLE_BINDINGS, metadata["name"], metadata["namespace"])


async def _impersonate(
    client: KubernetesClient, session: Session, change: Callable[[set[str]], set[str]]
) -> None:
    """Change as whom the release's API may act. Others may do so at the same time."""
    for _ in range(_ATTEMPTS):
        role = await _role(client, session, "accounts")
        rules = impersonation(change(impersonated(role.get("rules") or [])))
        try:
            await client.replace(CLUSTER_ROLES, role | {"rules": rules})
        except ConflictError:
            continue
        return
    raise CliError(
        "others change the accounts at the same moment", next_step="Try again in a moment."
    )


async def _role(client: KubernetesClient, session: Session, rights: str) -> dict[str, Any]:
    """Return the release's own ClusterRole for something. CliError where there is none."""
    selector = session.release.selector({RIGHTS_LABEL: rights})
    found = await client.list(CLUSTER_ROLES, label_selector=selector)
    if len(found) > 1:
        raise session.release.question(sorted(each["metadata"]["name"] for each in found))
    if not found:
        raise CliError(
            f"the cluster has no role of Venture for {rights}",
            ExitCode.NOT_FOUND,
            next_step="It comes with the chart, unless rbac.create is off.",
        )
    return found[0]


def _hashed(password: str) -> str:
    from pwdlib.hashers.bcrypt import BcryptHasher

    return BcryptHasher(rounds=12).hash(password)


def explain_exists(error: KubernetesError, account: str) -> CliError | None:
    """Return what an account that is there already means; None for other refusals."""
    if not isinstance(error, ConflictError):
        return None
    return CliError(
        f"there is an account {account}",
        next_step=f"For another password: venture account disable {account}, then create it again.",
    )
