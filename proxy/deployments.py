"""The entries of `model_list`, made ready: all that an endpoint needs but the way to AWS.

Knows the configuration and who is called what; what a deployment is made of, `compose` knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.base import Format, Invoker, Json, StreamMode, Target
from adapters.deployment.compose import Composed, InvokerFor, aws_settings, compose
from adapters.errors import ConfigError
from proxy.banner import ModelLine
from proxy.config.deployment import DeploymentParams
from proxy.config.schema import ModelEntry, ModelInfo, ProxyConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One entry of `model_list`, checked: all that an endpoint needs but the way to AWS."""

    id: str
    composed: Composed
    params: DeploymentParams
    info: ModelInfo
    timeout: float
    stream_timeout: float

    @property
    def target(self) -> Target:
        """Where requests go."""
        return self.composed.target

    @property
    def format(self) -> Format:
        """The dialect spoken there."""
        return self.composed.format

    @property
    def stream_mode(self) -> StreamMode:
        """Whether it streams."""
        return self.composed.stream_mode

    def invoker(self, invoker_for: InvokerFor) -> Invoker:
        """Give the way there."""
        return self.composed.invoker(invoker_for)

    def card(self) -> Json:
        """Give what clients may know of it: no credential, no address."""
        params: Json = {"model": self.params.model, "aws_region_name": self.target.region}
        if self.target.inference_component is not None:
            params["model_id"] = self.target.inference_component
        info = self.info.model_dump(exclude_none=True)
        return {
            "model_name": self.target.model,
            "litellm_params": params,
            "model_info": {**info, "id": self.id, "format": self.format.name},
        }


def faults(config: ProxyConfig, environ: Mapping[str, str]) -> list[ConfigError]:
    """Give what only the adapters find wrong: endpoint names, formats, credentials, defaults.

    Each error has the path of the key at fault; there is at most one for each deployment.
    """
    found: list[ConfigError] = []
    for index in range(len(config.model_list)):
        try:
            _at(config, index, environ, taken=set())
        except ConfigError as error:
            found.append(error)
    return found


def deployments(config: ProxyConfig, environ: Mapping[str, str]) -> tuple[Deployment, ...]:
    """Give the configuration's deployments in its order.

    Raises:
        ConfigError: with the path of the key at fault.
    """
    ids = {entry.model_info.id for entry in config.model_list if entry.model_info.id}
    return tuple(_at(config, index, environ, taken=ids) for index in range(len(config.model_list)))


def _at(
    config: ProxyConfig, index: int, environ: Mapping[str, str], *, taken: set[str]
) -> Deployment:
    """Give one entry's deployment; an error gets the entry's place in front of its own."""
    try:
        return _deployment(config, config.model_list[index], environ, taken)
    except ConfigError as error:
        path = ("model_list", index, "litellm_params", *error.path)
        raise ConfigError(error.message, path=path) from error


def describe(config: ProxyConfig, environ: Mapping[str, str]) -> list[ModelLine]:
    """Give what the start-up banner says of each deployment."""
    return [
        ModelLine(
            model=each.target.model,
            endpoint=each.target.endpoint,
            component=each.target.inference_component,
            format=each.format.name,
            identity=_identity(each.composed),
            region=each.target.region,
            region_assumed=each.composed.aws.region_assumed,
            plain_prompt=each.composed.writes_prompts
            and each.composed.mock_response is None
            and each.target.prompt is None
            and each.info.mode not in {"embedding", "rerank"},
        )
        for each in deployments(config, environ)
    ]


def _identity(composed: Composed) -> str:
    if composed.mock_response is not None:
        return "none: mock_response"
    return "default AWS chain" if composed.aws.credentials is None else "static keys"


def _deployment(
    config: ProxyConfig, entry: ModelEntry, environ: Mapping[str, str], taken: set[str]
) -> Deployment:
    params = entry.litellm_params
    settings, router = config.litellm_settings, config.router_settings
    composed = compose(
        entry.model_name,
        params.address,
        params,
        aws_settings(params, environ),
        drop_params=settings.drop_params,
    )
    timeout = params.timeout or router.timeout or settings.request_timeout
    return Deployment(
        id=entry.model_info.id or _derived_id(entry, composed, taken),
        composed=composed,
        params=params,
        info=entry.model_info,
        timeout=timeout,
        stream_timeout=params.stream_timeout or router.stream_timeout or timeout,
    )


def _derived_id(entry: ModelEntry, composed: Composed, taken: set[str]) -> str:
    """Give an id that stays the same when other entries come and go, and note that it is taken."""
    params, aws = entry.litellm_params, composed.aws
    identity = aws.credentials.access_key if aws.credentials else None
    parts = (entry.model_name, params.model, aws.region, aws.base_url, params.model_id, identity)
    number = 0
    while True:
        text = repr((*parts, params.format, number))
        derived = hashlib.sha256(text.encode()).hexdigest()[:16]
        if derived not in taken:
            taken.add(derived)
            return derived
        number += 1
