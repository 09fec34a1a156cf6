"""Money at the terminal: the real treasury, asked with nothing but a kubeconfig."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chartaccounts import RBAC, ROLE_BINDINGS, SYSTEM, user_kubeconfig
from treasuryprocess import TREASURER
from venture_cli.errors import ExitCode
from venture_core.kubernetes.resources import Resource
from venturecommand import Venture

if TYPE_CHECKING:
    from pathlib import Path

    from treasuryprocess import TreasuryProcess
    from venture_core.kubernetes.client import KubernetesClient

KEY = "the-first-thousand"


def _venture(folder: Path, kubeconfig: Path, treasury: TreasuryProcess) -> Venture:
    # Without a kubelet no port can be forwarded.
    return Venture(
        folder, kubeconfig, VENTURE_SYSTEM_NAMESPACE=SYSTEM, VENTURE_TREASURY_URL=treasury.url
    )


async def test_a_treasurer_funds_a_wallet_and_reads_the_books(
    treasury_process: TreasuryProcess, client: KubernetesClient, api_server: Path, tmp_path: Path
) -> None:
    kubeconfig = user_kubeconfig(api_server, tmp_path / "rita.kubeconfig", "rita")
    venture = _venture(tmp_path, kubeconfig, treasury_process)

    stranger = await venture("money", "statement", "-n", "team-a")
    assert stranger.code == ExitCode.DENIED
    assert "only treasurers fund wallets" in stranger.err
    assert "--role <release>-treasurer --user NAME" in stranger.err
    outsider = await venture("events", "tail", "--no-follow")
    assert outsider.code == ExitCode.DENIED
    assert "the record as a whole is for auditors" in outsider.err
    binding = {
        "apiVersion": ROLE_BINDINGS.api_version,
        "kind": "RoleBinding",
        "metadata": {"name": "rita"},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": TREASURER},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "rita"}],
    }
    await client.create(ROLE_BINDINGS, binding, SYSTEM)

    none = await venture("money", "budget", "-n", "team-a")
    assert (none.code, none.err) == (0, "team-a has no wallet\n")
    for _ in range(2):
        paid = await venture("money", "fund", "team-a", "1000", "--key", KEY)
        assert paid.code == ExitCode.OK, paid.err
        assert paid.text == ("1,000.00 USD paid into the wallet of team-a: 1,000.00 USD is free\n")
    other = await venture("money", "fund", "team-a", "2000", "--key", KEY)
    assert other.code != ExitCode.OK
    assert "Idempotency-Key" in other.err
    again = await venture("money", "fund", "team-a", "0.50", "-o", "json")
    assert json.loads(again.text)["limitMicros"] == 1_000_500_000

    books = await venture("money", "statement", "-n", "team-a")
    header, first, second = books.text.splitlines()
    assert header.split() == ["POSTED", "AMOUNT", "BALANCE", "ACCOUNT", "INTENT", "MERCHANT"]
    assert "1,000.00 USD   1,000.00 USD   Paid in" in first
    assert "0.50 USD       1,000.50 USD   Paid in" in second
    data = await venture("money", "statement", "-n", "team-a", "--after", "1", "-o", "json")
    assert [each["amountCents"] for each in json.loads(data.text)["entries"]] == [50]
    tree = await venture("money", "budget", "-n", "team-a")
    assert tree.text.splitlines()[1].split() == [
        *("wallet/USD", "All", "1,000.50", "USD", "0.00", "USD", "0.00", "USD", "1,000.50", "USD")
    ]

    await venture("money", "fund", "team-a", "500", "--currency", "jpy")
    which = await venture("money", "statement", "-n", "team-a")
    assert which.code == ExitCode.USAGE
    assert "JPY, USD" in which.err
    yen = await venture("money", "statement", "-n", "team-a", "--currency", "JPY")
    assert "500 JPY" in yen.text


async def test_who_may_do_part_of_it_is_told_what_is_missing(
    treasury_process: TreasuryProcess, client: KubernetesClient, api_server: Path, tmp_path: Path
) -> None:
    rules = [{"apiGroups": [""], "resources": ["services", "configmaps"], "verbs": ["get", "list"]}]
    role = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": "looker"}}

    await client.create(Resource(RBAC, "v1", "roles", "Role"), role | {"rules": rules}, SYSTEM)
    binding = {
        "apiVersion": ROLE_BINDINGS.api_version,
        "kind": "RoleBinding",
        "metadata": {"name": "lea"},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "looker"},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "lea"}],
    }
    await client.create(ROLE_BINDINGS, binding, SYSTEM)
    kubeconfig = user_kubeconfig(api_server, tmp_path / "lea.kubeconfig", "lea")
    refused = await _venture(tmp_path, kubeconfig, treasury_process)("money", "fund", "team-a", "1")
    assert refused.code == ExitCode.DENIED
    assert 'cannot create resource "serviceaccounts/token"' in refused.err
    assert f"--role {TREASURER} --user NAME --namespace {SYSTEM}" in refused.err
