"""Accounts of founders, and what their rights look like in the cluster. Pure."""

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from venture_cli.domain.signedin import USER_PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

type AccountRole = Literal["Founder", "Finance"]
type Body = dict[str, Any]

ACCOUNT_LABEL: Final = "venture.parpour.dev/account"
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def account_name(text: str) -> str:
    """Return the name of an account; ValueError where it is none."""
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is no name of an account: at most 40 lower-case letters, digits and '-'"
        )
    return text


def impersonated(rules: Sequence[Body]) -> set[str]:
    """Return the accounts as whose users the release's API may act."""
    return {
        name.removeprefix(USER_PREFIX) for rule in rules for name in rule.get("resourceNames", [])
    }


def impersonation(accounts: Collection[str]) -> list[Body]:
    """Return the rules that name those users, and no other; none for no accounts.

    A rule without names would mean everybody.
    """
    if not accounts:
        return []
    return [
        {
            "apiGroups": [""],
            "resources": ["users"],
            "resourceNames": [f"{USER_PREFIX}{each}" for each in sorted(accounts)],
            "verbs": ["impersonate"],
        }
    ]


def binding(account: str, role: str) -> Body:
    """Return the RoleBinding that gives an account the rights of a ClusterRole in a namespace."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"venture.{account}", "labels": {ACCOUNT_LABEL: account}},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": role,
        },
        "subjects": [
            {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "User",
                "name": f"{USER_PREFIX}{account}",
            }
        ],
    }
