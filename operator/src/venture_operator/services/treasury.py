"""The operator's way to the treasury."""

from typing import TYPE_CHECKING

from venture_core.treasury.client import TreasuryClient

if TYPE_CHECKING:
    from venture_operator.settings import OperatorSettings


def treasury_of(settings: OperatorSettings) -> TreasuryClient | None:
    """Return the client; None where the installation has no treasury."""
    if not settings.treasury_url:
        return None
    return TreasuryClient.by_files(
        settings.treasury_url,
        token_file=settings.treasury_token_file,
        authorities=settings.serving_ca_file,
    )
