"""What the installation decides about agents."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class AgentSettings(BaseModel):
    """The Jobs of agents, and the services that they call: nothing else can be reached by them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str = Field(min_length=1, max_length=512)
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    service_account: str = "default"
    """Whose tokens they hold: one without any right."""
    resources: dict[str, dict[str, str]]
    """ResourceRequirements of the container."""
    scheduling: dict[str, Any] = Field(default_factory=dict)
    """nodeSelector, tolerations, affinity and priorityClassName of the pods."""
    labels: dict[str, str] = Field(default_factory=dict, max_length=64)
    """Labels that the Jobs carry besides ours."""
    authorities_config_map: str = Field(default="", max_length=253)
    """The ConfigMap of the work namespace whose ca.crt signs the services' certificates."""
    llm_gateway_url: str = Field(pattern=r"^https?://[^\s]+$", max_length=512)
    egress_proxy_url: str = Field(default="", max_length=512)
    tool_gateway_url: str = Field(default="", max_length=512)
    treasury_url: str = Field(default="", max_length=512)
