"""The schema of `litellm_params`: one deployment's address, and its settings.

Knows what only a gateway with clients has; what any deployment has is in `adapters.deployment`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationInfo, field_validator

from adapters.deployment.address import Address, parse_model
from adapters.deployment.settings import Settings
from adapters.deployment.values import Text


class DeploymentSettings(Settings):
    """Every setting of a deployment but its model; keys beyond these go to the container."""

    #: Already replaced by that credential's settings; kept here to be shown.
    litellm_credential_name: Text | None = None
    configurable_clientside_auth_params: tuple[Literal["model_id"], ...] = ()
    #: `X-Amzn-SageMaker-*` headers that clients may send.
    allowed_client_headers: tuple[Text, ...] = ()


class DeploymentParams(DeploymentSettings):
    """One deployment: the settings and the SageMaker endpoint that they are for."""

    model: Text

    @field_validator("model")
    @classmethod
    def _addresses_an_endpoint(cls, model: str, info: ValidationInfo) -> str:
        if "custom_llm_provider" in info.data:
            parse_model(model, info.data["custom_llm_provider"])
        return model

    @property
    def address(self) -> Address:
        """The route, and the endpoint's name as it was written."""
        return parse_model(self.model, self.custom_llm_provider)
