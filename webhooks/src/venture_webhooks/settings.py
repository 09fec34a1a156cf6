"""Settings of the admission webhooks, from the environment: VENTURE_<NAME>."""

from pydantic import Field
from venture_core.http.settings import ServiceSettings
from venture_core.policy.governing import BundleName


class WebhookSettings(ServiceSettings):
    """What the webhooks need to know."""

    operator_account: str = Field(min_length=1, max_length=253)
    """The user name of the operator, who alone writes another's name as requester."""
    policy_baseline: str = Field(default="", pattern=r"^$|^[-a-z0-9]{1,63}/[-.a-z0-9]{1,253}$")
    """The platform's PolicyBundle that governs everywhere, as namespace/name; empty: none."""

    def baseline(self) -> BundleName | None:
        """Return which bundle is the platform's baseline, None where there is none."""
        return BundleName.parse(self.policy_baseline)
