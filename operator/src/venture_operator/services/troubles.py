"""The one table from an error to what the object's condition says and when to look again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from venture_core.kubernetes.errors import ForbiddenError, KubernetesError
from venture_core.objectstore import ObjectStoreError
from venture_core.record.append import AppendError, AppendRefusedError, StaleEpochError
from venture_crds.v1alpha1.reasons import CommonReason

from venture_operator.errors import StalledError, TransientError, WaitingError

SOON_SECONDS: Final = 5.0
REFUSED_SECONDS: Final = 30.0
ALARM_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an error means for an object; without `after_seconds` its user has to act."""

    reason: str
    message: str
    after_seconds: float | None
    is_defect: bool = False
    """Whether nobody foresaw it: the error itself goes to the log, and backs off."""


def trouble_of(error: Exception) -> Trouble | None:
    """Return what `error` means for the object, None where another replica leads by now."""
    if isinstance(error, StaleEpochError):
        return None
    for kind, trouble in _TABLE:
        if isinstance(error, kind):
            return trouble(error)
    message = f"{type(error).__name__}: see the operator's log"
    return Trouble(CommonReason.INTERNAL_ERROR, message, ALARM_SECONDS, is_defect=True)


def _of_api(error: KubernetesError) -> Trouble:
    if error.retryable:
        return Trouble(CommonReason.API_UNAVAILABLE, error.message, SOON_SECONDS)
    return Trouble(CommonReason.API_REFUSED, error.message, REFUSED_SECONDS)


type _Row = tuple[type[Exception], Callable[[Any], Trouble]]

_TABLE: Final[tuple[_Row, ...]] = (
    (StalledError, lambda e: Trouble(e.reason, e.message, None)),
    (WaitingError, lambda e: Trouble(e.reason, e.message, e.after_seconds)),
    (TransientError, lambda e: Trouble(e.reason, e.message, SOON_SECONDS)),
    (
        ObjectStoreError,
        lambda e: Trouble(CommonReason.STORAGE_UNAVAILABLE, str(e), SOON_SECONDS),
    ),
    (
        AppendRefusedError,
        lambda e: Trouble(CommonReason.RECORD_REFUSED, str(e), ALARM_SECONDS),
    ),
    (AppendError, lambda e: Trouble(CommonReason.RECORD_UNAVAILABLE, str(e), SOON_SECONDS)),
    (ForbiddenError, lambda e: Trouble(CommonReason.API_FORBIDDEN, e.message, REFUSED_SECONDS)),
    (KubernetesError, _of_api),
)
"""The first row that fits counts."""
