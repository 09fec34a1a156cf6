"""What wires MoneyIntents."""

from typing import TYPE_CHECKING

from venture_core.kubernetes.resources import MONEY_INTENTS
from venture_crds.v1alpha1.moneyintent import MoneyIntent

from venture_operator.kinds.moneyintent.service import MoneyIntentService
from venture_operator.services.intake import its_controller
from venture_operator.services.kind import Kind, Wired
from venture_operator.services.treasury import treasury_of
from venture_operator.storage.objects import Objects
from venture_operator.storage.watched import WatchedObjects

if TYPE_CHECKING:
    from venture_operator.services.kind import Shared


def wire(shared: Shared) -> Wired:
    """Return the kind, ready to run."""
    return Wired(
        kind=Kind(resource=MONEY_INTENTS, types=MoneyIntent, also_wakes=its_controller),
        service=MoneyIntentService(shared, treasury_of(shared.settings)),
        watched=WatchedObjects(keeps_deleted=True),
        objects=Objects(shared.client, MONEY_INTENTS, reporter=shared.settings.pod_name),
    )
