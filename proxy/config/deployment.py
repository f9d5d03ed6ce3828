"""The schema of `litellm_params`: one deployment's address, and its settings.

Knows what only a gateway with clients has; what any deployment has is in `adapters.deployment`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    ValidationInfo,
    field_validator,
)

from adapters.deployment.address import Address, parse_model
from adapters.deployment.settings import Settings
from adapters.deployment.values import (
    Count,
    CountOrNone,
    Flag,
    Money,
    Places,
    Rank,
    Seconds,
    Share,
    Span,
    Text,
    Tries,
)
from proxy.config.wildcard import Discover, EndpointPattern, is_wildcard


class DeploymentSettings(Settings):
    """Every setting of a deployment but its model; keys beyond these go to the container."""

    #: Already replaced by that credential's settings; kept here to be shown.
    litellm_credential_name: Text | None = None
    configurable_clientside_auth_params: tuple[Literal["model_id"], ...] = ()
    #: `X-Amzn-SageMaker-*` headers that clients may send.
    allowed_client_headers: tuple[Text, ...] = ()

    connect_timeout: Seconds = 5
    first_byte_timeout: Seconds | None = None
    idle_timeout: Seconds | None = None
    max_stream_duration: Seconds | None = None

    #: Seconds that a request waits for the endpoint to start; 0: it does not.
    cold_start_wait: Span = 0
    cold_start_max_waiters: Places = 100
    #: Seconds between two requests that ask whether it has started.
    cold_start_probe_interval: Seconds = 5

    weight: Share | None = None
    rpm: Count | None = None
    tpm: Count | None = None
    max_parallel_requests: Places | None = None
    adaptive_concurrency: Flag | None = None
    order: Rank = 0
    tags: tuple[Text, ...] = ()
    #: In US dollars.
    input_cost_per_token: Money | None = None
    output_cost_per_token: Money | None = None
    input_cost_per_second: Money | None = None
    num_retries: Tries | None = None
    max_retries: Tries | None = None
    allowed_fails: CountOrNone | None = None
    cooldown_time: Seconds | None = None


class DeploymentParams(DeploymentSettings):
    """One deployment: the settings and the SageMaker endpoint, or endpoints, that they are for."""

    model: Text
    #: What a wildcard may reach; None: every endpoint whose name fits.
    allowed_endpoints: tuple[EndpointPattern, ...] | None = None
    #: Which of the account's endpoints a wildcard lists, and reaches; None: it does not ask AWS.
    discover: Discover | None = None

    @field_validator("model")
    @classmethod
    def _addresses_an_endpoint(cls, model: str, info: ValidationInfo) -> str:
        if "custom_llm_provider" in info.data:
            address = parse_model(model, info.data["custom_llm_provider"])
            if model.count("*") > 1 or is_wildcard(model) != is_wildcard(address.endpoint):
                raise ValueError('expected one "*" at most, in the endpoint\'s name')
        return model

    @field_validator("allowed_endpoints", "discover")
    @classmethod
    def _bounds_a_wildcard(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and not is_wildcard(info.data.get("model", "*")):
            raise ValueError('only a model with a "*" in its endpoint\'s name has this setting')
        if value == ():
            raise ValueError("needs at least one")
        return value

    @field_validator("discover")
    @classmethod
    def _finds_components_or_has_one(
        cls, discover: Discover | None, info: ValidationInfo
    ) -> Discover | None:
        named = info.data.get("model_id")
        if "model" in info.data:
            address = parse_model(info.data["model"], info.data.get("custom_llm_provider"))
            named = named or address.component
        if discover is not None and discover.components and named is not None:
            raise ValueError("the model names its component already: leave components out")
        return discover

    @property
    def wildcard(self) -> bool:
        """Whether the address has a `*`: it stands for many endpoints."""
        return is_wildcard(self.model)

    @property
    def address(self) -> Address:
        """The route, and the endpoint's name as it was written."""
        return parse_model(self.model, self.custom_llm_provider)
