"""The entries of `model_list`, made ready: all that an endpoint needs but the way to AWS.

A composition root: brings formats, AWS settings and the configuration together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from pydantic import SecretStr, ValidationError

from adapters import formats
from adapters.base import Format, Json, ParameterPolicy, Target
from adapters.errors import ConfigError
from adapters.openai.chat import ChatRequest
from adapters.sagemaker.hosts import check_component_name, invocation_urls
from adapters.sagemaker.settings import AwsSettings, read_aws_settings
from proxy.banner import ModelLine
from proxy.config.deployment import DeploymentParams
from proxy.config.schema import ModelEntry, ModelInfo, ProxyConfig
from proxy.templates import prompt_for

_MEGABYTE: Final = 1024 * 1024
#: What each route speaks where the configuration names no format.
_FORMATS: Final = {"sagemaker": "huggingface", "sagemaker_chat": "messages"}

_EMBEDDING_BY_VENDOR: Final = (("voyage", "voyage_embed"), ("cohere", "cohere_embed"))
#: Headers that reach the container or route the call; `model_id` writes the component's.
_OWN_HEADERS: Final = frozenset(
    f"x-amzn-sagemaker-{name}"
    for name in (
        "custom-attributes",
        "inference-id",
        "prefix-aware-id",
        "session-id",
        "target-container-hostname",
        "target-variant",
    )
)
#: What only a request can say.
_REQUESTS_OWN: Final = frozenset({"input", "messages", "stream", "stream_options"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One entry of `model_list`, checked: all that an endpoint needs but the way to AWS."""

    id: str
    target: Target
    format: Format
    aws: AwsSettings
    params: DeploymentParams
    info: ModelInfo
    timeout: float
    stream_timeout: float

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
            identity="default AWS chain" if each.aws.credentials is None else "static keys",
            region=each.target.region,
            region_assumed=each.aws.region_assumed,
            plain_prompt=each.params.route == "sagemaker"
            and each.target.prompt is None
            and each.info.mode not in {"embedding", "rerank"},
        )
        for each in deployments(config, environ)
    ]


def _deployment(
    config: ProxyConfig, entry: ModelEntry, environ: Mapping[str, str], taken: set[str]
) -> Deployment:
    params = entry.litellm_params
    settings, router = config.litellm_settings, config.router_settings
    aws = read_aws_settings(_plain(params), environ)
    timeout = params.timeout or router.timeout or settings.request_timeout
    return Deployment(
        id=entry.model_info.id or _derived_id(entry, aws, taken),
        target=_target(entry.model_name, params, aws, drop_params=settings.drop_params),
        format=_format(params),
        aws=aws,
        params=params,
        info=entry.model_info,
        timeout=timeout,
        stream_timeout=params.stream_timeout or router.stream_timeout or timeout,
    )


def _format(params: DeploymentParams) -> Format:
    """Give the configured format, else the route's.

    As with LiteLLM, a vendor's name in the endpoint's chooses how embeddings are asked for.
    """
    if params.format is not None or params.route != "sagemaker":
        return formats.load(params.format or _FORMATS[params.route])
    chosen = formats.load(_FORMATS[params.route])
    for vendor, name in _EMBEDDING_BY_VENDOR:
        if vendor in params.endpoint.lower():
            return replace(chosen, embedding=formats.load(name).embedding)
    return chosen


def _target(model: str, params: DeploymentParams, aws: AwsSettings, *, drop_params: bool) -> Target:
    urls = invocation_urls(params.endpoint, aws.region, aws.base_url)
    if params.model_id is not None:
        check_component_name(params.model_id)
    return Target(
        model=model,
        endpoint=params.endpoint,
        region=aws.region,
        invoke_url=urls.invoke,
        stream_url=urls.stream,
        inference_component=params.model_id,
        headers=_headers(params),
        defaults=_checked(params.defaults),
        parameters=ParameterPolicy(
            drop_unsupported=drop_params if params.drop_params is None else params.drop_params,
            allowed=frozenset(params.allowed_openai_params),
            dropped=frozenset(params.additional_drop_params),
        ),
        allow_zero_temperature=params.aws_sagemaker_allow_zero_temp,
        prompt=prompt_for(params) if params.route == "sagemaker" else None,
        body_model=_body_model(params),
        ask_stream_usage=params.stream_usage,
        max_payload_bytes=int(params.max_payload_mb * _MEGABYTE),
    )


def _headers(params: DeploymentParams) -> tuple[tuple[str, str], ...]:
    """Give the deployment's own headers, if SageMaker takes them on both operations.

    Raises:
        ConfigError: it would drop one, or another setting writes it.
    """
    for name, value in params.extra_headers.items():
        if name.lower() not in _OWN_HEADERS:
            raise ConfigError(
                f"SageMaker takes no header {name!r} from its callers; it takes "
                f"{', '.join(sorted(_OWN_HEADERS))}",
                path=("extra_headers", name),
            )
        if not value.isascii() or not value.isprintable():
            raise ConfigError("expected printable ASCII", path=("extra_headers", name))
    return tuple(params.extra_headers.items())


def _checked(defaults: dict[str, Any]) -> dict[str, Any]:
    """Check default parameters as a request's are checked, and read numbers out of text.

    Raises:
        ConfigError: one is not what OpenAI's parameter of that name may be.
    """
    for name in _REQUESTS_OWN.intersection(defaults):
        raise ConfigError(f"{name} is the request's own: it has no default", path=(name,))
    hello = [{"role": "user", "content": "Hi"}]
    try:
        read = ChatRequest.model_validate({"model": "m", "messages": hello, **defaults})
        orjson.dumps(defaults)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        raise ConfigError(f"expected what OpenAI takes: {first['msg']}", path=(name,)) from None
    except TypeError as error:
        raise ConfigError(f"a default can't be written as JSON: {error}") from error
    known = ChatRequest.model_fields.keys() & defaults.keys()
    return {**defaults, **{name: getattr(read, name) for name in known}}


def _body_model(params: DeploymentParams) -> str | None:
    """Give what a chat container sees as `model`: vLLM refuses names that it does not serve."""
    match params.body_model:
        case None:
            return params.hf_model_name or ""
        case "endpoint":
            return params.endpoint
        case "omit":
            return None
        case text:
            return text


def _plain(params: DeploymentParams) -> dict[str, Any]:
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in params
    }


def _derived_id(entry: ModelEntry, aws: AwsSettings, taken: set[str]) -> str:
    """Give an id that stays the same when other entries come and go, and note that it is taken."""
    params = entry.litellm_params
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
