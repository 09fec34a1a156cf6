"""What wires MoneyIntents."""

from typing import TYPE_CHECKING

from venture_core.kubernetes.resources import MONEY_INTENTS
from venture_core.treasury.client import TreasuryClient
from venture_crds.v1alpha1.moneyintent import MoneyIntent

from venture_operator.kinds.moneyintent.service import MoneyIntentService
from venture_operator.services.kind import Kind, Wired
from venture_operator.storage.objects import Objects
from venture_operator.storage.watched import WatchedObjects

if TYPE_CHECKING:
    from venture_operator.services.kind import Shared
    from venture_operator.settings import OperatorSettings


def wire(shared: Shared) -> Wired:
    """Return the kind, ready to run."""
    return Wired(
        kind=Kind(resource=MONEY_INTENTS, types=MoneyIntent),
        service=MoneyIntentService(shared, _treasury(shared.settings)),
        watched=WatchedObjects(keeps_deleted=True),
        objects=Objects(shared.client, MONEY_INTENTS, reporter=shared.settings.pod_name),
    )


def _treasury(settings: OperatorSettings) -> TreasuryClient | None:
    """Return the client; None where the installation has no treasury."""
    if not settings.treasury_url:
        return None
    return TreasuryClient(
        settings.treasury_url,
        token_file=settings.treasury_token_file,
        authorities=settings.serving_ca_file,
    )
