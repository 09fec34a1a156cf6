"""A namespace's books, by founders' API and by the cluster's, from the real treasury."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from chartaccounts import SYSTEM, account_token
from contentapi import HOST
from founderapi import make_account, visiting
from treasuryprocess import API, AUDIENCE, TREASURER, TreasuryProcess
from venture_cli.domain.choices import Connection
from venture_cli.domain.signedin import SignedIn
from venture_cli.errors import ExitCode
from venture_cli.services.session import Session
from venture_cli.services.signin import sign_in
from venture_core.treasury.models import FundingRequest
from venturecommand import Venture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from contentapi import ContentApi
    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient

ROOT = "/apis/content.venture.parpour.dev/v1alpha1"


@pytest.fixture
async def treasury(
    definitions: Path,
    client: KubernetesClient,
    database: SecretStr,
    render_chart: Callable[..., list[dict[str, Any]]],
    content_api: ContentApi,
    namespace: str,
    tmp_path: Path,
) -> AsyncIterator[TreasuryProcess]:
    """Run a treasury that the control-plane API reaches; the namespace has two wallets."""
    process = TreasuryProcess(
        tmp_path, definitions, render_chart("ci/production.yaml"), port=content_api.treasury_port
    )
    await process.install(client, database, "redis://127.0.0.1:1")
    await process.start()
    content_api.reach_treasury(await account_token(client, API, AUDIENCE), process.authorities())
    async with await process.client(client, TREASURER) as treasurer:
        for currency, amount in (("USD", 100_000), ("USD", 50), ("JPY", 500)):
            paid = FundingRequest(currency=currency, amount_cents=amount)
            await treasurer.fund(namespace, f"{currency}-{amount}-of-the-tests", paid)
    yield process
    process.stop()


async def test_a_founder_reads_the_books_of_their_namespace_alone(
    treasury: TreasuryProcess, content_api: ContentApi, definitions: Path, namespace: str
) -> None:
    account = f"alice-{secrets.token_hex(3)}"
    password = await make_account(definitions, account, "Founder", namespace)
    own = f"{ROOT}/namespaces/{namespace}"
    async with visiting(content_api) as alice:
        assert (await alice("GET", f"{own}/budgets")).status == 401
        assert (await alice.sign_in(account, password)).status == 201

        listed = await alice("GET", f"{own}/budgets")
        assert (listed.status, listed.body["kind"]) == (200, "BudgetList")
        wallets = {each["currency"]: each["limitMicros"] for each in listed.body["items"]}
        assert wallets == {"USD": 1_000_500_000, "JPY": 500_000_000}

        whole = await alice("GET", f"{own}/statements/USD")
        assert [each["amountCents"] for each in whole.body["entries"]] == [100_000, 50]
        rest = await alice("GET", f"{own}/statements/USD?after=1")
        assert [each["balanceCents"] for each in rest.body["entries"]] == [100_050]
        tag = whole.headers["etag"]
        known = await alice("GET", f"{own}/statements/USD", headers={"If-None-Match": tag})
        assert (known.status, known.headers["etag"], known.data) == (304, tag, b"")

        for path, status in (
            (f"{ROOT}/namespaces/kube-system/budgets", 403),
            (f"{ROOT}/namespaces/kube-system/statements/USD", 403),
            (f"{own}/statements/XXX", 422),
            (f"{own}/statements/USD?after=-1", 422),
        ):
            assert (await alice("GET", path)).status == status, path
        described = (await alice("GET", "/openapi.json")).body["paths"]
        assert f"{ROOT}/namespaces/{{namespace}}/statements/{{currency}}" in described

        treasury.kill()
        away = await alice("GET", f"{own}/budgets")
        assert (away.status, away.body["type"].rpartition("/")[2]) == (503, "unavailable")
        await treasury.start()


async def test_the_command_line_reads_them_signed_in_and_by_kubeconfig(
    treasury: TreasuryProcess,
    content_api: ContentApi,
    client: KubernetesClient,
    definitions: Path,
    namespace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert treasury.port == content_api.treasury_port
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    account = f"frank-{secrets.token_hex(3)}"
    wanted = SignedIn(
        account=account,
        token="",
        expires_at=datetime.now(UTC),
        namespace=namespace,
        server=content_api.founders,
        service="",
        server_name=HOST,
        authority=content_api.authority.read_text(),
    )
    password = await make_account(definitions, account, "Finance", namespace)
    none = Connection(kubeconfig=None, context=None, namespace=None, system_namespace=SYSTEM)
    async with Session(none) as session:
        await sign_in(session, wanted, password)
    viewer = content_api.user(tmp_path, "vera")
    await content_api.allow(client, namespace, "vera", "view")
    signed_in = Venture(tmp_path, tmp_path / "none", XDG_CONFIG_HOME=str(home))
    by_kubeconfig = Venture(tmp_path, viewer, VENTURE_SYSTEM_NAMESPACE=SYSTEM)

    for venture in (signed_in, by_kubeconfig):
        tree = await venture("money", "budget", "-n", namespace)
        assert tree.code == ExitCode.OK, tree.err
        assert "1,000.50 USD" in tree.text
        books = await venture("money", "statement", "-n", namespace, "--currency", "USD")
        assert books.code == ExitCode.OK, books.err
        assert len(books.text.splitlines()) == 3
        which = await venture("money", "statement", "-n", namespace)
        assert (which.code, "JPY, USD" in which.err) == (ExitCode.USAGE, True)
        elsewhere = await venture("money", "budget", "-n", "kube-system")
        assert elsewhere.code == ExitCode.DENIED
