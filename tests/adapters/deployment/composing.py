"""A deployment composed from settings, as both roots do it."""

from __future__ import annotations

from typing import Any

from adapters.deployment.address import parse_model
from adapters.deployment.compose import Composed, aws_settings, compose
from adapters.deployment.settings import Settings

ENVIRON = {"AWS_REGION": "eu-west-1"}


def composed(model: str = "sagemaker/e", /, **settings: Any) -> Composed:
    """Compose a deployment under the public name `m`."""
    drop_params = settings.pop("drop_all_params", False)
    read = Settings.model_validate(settings)
    address = parse_model(model, read.custom_llm_provider)
    return compose("m", address, read, aws_settings(read, ENVIRON), drop_params=drop_params)
