"""One deployment, composed: its target, the format spoken there, and who signs.

A composition root: brings settings, formats, prompts and AWS together. Nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from adapters import formats
from adapters.base import (
    Collect,
    Format,
    HeaderSources,
    Invoker,
    ParameterPolicy,
    Prompt,
    StreamMode,
    Target,
)
from adapters.deployment.address import Address, Route
from adapters.deployment.defaults import read_defaults
from adapters.deployment.headers import ClientHeaders, Headers, headers
from adapters.deployment.mock import MockInvoker
from adapters.deployment.native import chat_only, check_settings
from adapters.deployment.settings import Settings
from adapters.errors import ConfigError
from adapters.passthrough.chat import PassThroughChat
from adapters.sagemaker.hosts import check_component_name, invocation_urls, native_urls
from adapters.sagemaker.network import Network, read_network
from adapters.sagemaker.settings import AwsSettings, read_aws_settings
from adapters.value import value

_MEGABYTE: Final = 1024 * 1024
#: What each route speaks where no format is named.
_FORMATS: Final[Mapping[Route, str]] = {
    "sagemaker": "huggingface",
    "sagemaker_chat": "messages",
    "sagemaker_nova": "nova",
    "sagemaker/openai": "openai",
}
_EMBEDDING_BY_VENDOR: Final = (("voyage", "voyage_embed"), ("cohere", "cohere_embed"))

#: Say who signs, as keys do.
_NOT_BESIDE_KEYS: Final = ("aws_profile_name", "aws_web_identity_token")

_NO_CLIENTS: Final = ClientHeaders()

#: Gives the way to AWS for an identity.
InvokerFor = Callable[[AwsSettings], Invoker]


@value(frozen=True, slots=True, kw_only=True)
class Composed:
    """A deployment, checked: all that an endpoint needs but the way to AWS."""

    target: Target
    format: Format
    aws: AwsSettings
    stream_mode: StreamMode
    collect: Collect = "auto"
    #: What every request is answered, without AWS.
    mock_response: str | None = None

    @property
    def writes_prompts(self) -> bool:
        """Whether conversations become text here; OpenAI's servers take them as they are."""
        return _writes_prompts(self.format)

    def invoker(self, invoker_for: InvokerFor) -> Invoker:
        """Give the way to the deployment."""
        if self.mock_response is not None:
            return MockInvoker(self.mock_response)
        return invoker_for(self.aws)


def compose(
    model: str,
    address: Address,
    settings: Settings,
    aws: AwsSettings,
    *,
    drop_params: bool = False,
    clients: ClientHeaders = _NO_CLIENTS,
) -> Composed:
    """Check one deployment's settings against each other and against what there is.

    Args:
        model: The public model name.
        address: Where it is.
        settings: What is said about it.
        aws: Its region, its base URL and who signs: see `aws_settings`.
        drop_params: Holds where the settings don't say.
        clients: Which headers clients may send.

    Raises:
        ConfigError: something is not as it must be; `path` is the setting's.
    """
    signed = headers(settings, clients)
    spoken = _format(address, settings)
    prompt = _prompt(settings, address) if _writes_prompts(spoken) else None
    target = _target(
        model, address, settings, aws, signed=signed, prompt=prompt, drop_params=drop_params
    )
    if aws.transport == "openai_path":
        check_settings(settings, clients)
        spoken = chat_only(spoken)
        target = replace(target, header_sources=HeaderSources())  # none is sent
    if settings.mock_response is None:
        return Composed(
            target=target,
            format=spoken,
            aws=aws,
            stream_mode=signed.stream_mode(settings.stream_mode),
            collect=settings.collect,
        )
    return Composed(
        target=replace(target, header_sources=HeaderSources()),  # nothing is sent
        # The mock speaks for a container with OpenAI's own bodies, and in words only.
        format=replace(formats.load("openai"), embedding=None, rerank=None),
        aws=aws,
        stream_mode="fake",
        mock_response=settings.mock_response,
    )


def aws_settings(settings: Settings, environ: Mapping[str, str]) -> AwsSettings:
    """Read a deployment's AWS settings, and from the environment what they leave open.

    Raises:
        ConfigError: a value has the wrong form, or two of them say who signs; `path` is the
            setting's.
    """
    if settings.aws_access_key_id is not None:
        for name in _NOT_BESIDE_KEYS:
            if getattr(settings, name) is not None:
                raise ConfigError(
                    "aws_access_key_id says who signs already: keep one of the two", path=(name,)
                )
    return read_aws_settings(settings.plain(), environ)


def _format(address: Address, settings: Settings) -> Format:
    """Give the format named, else the route's.

    As with LiteLLM, a vendor's name in the endpoint's chooses how embeddings are asked for.
    """
    chosen = formats.load(settings.format or _FORMATS[address.route])
    if settings.format is not None or address.route != "sagemaker":
        return chosen
    for vendor, name in _EMBEDDING_BY_VENDOR:
        if vendor in address.endpoint.lower():
            return replace(chosen, embedding=formats.load(name).embedding)
    return chosen


def _writes_prompts(spoken: Format) -> bool:
    return spoken.chat is not None and not isinstance(spoken.chat, PassThroughChat)


def _prompt(settings: Settings, address: Address) -> Prompt | None:
    from adapters.deployment.template import (  # noqa: PLC0415 - chat containers have their own
        prompt_for,
    )

    return prompt_for(settings, address.endpoint)


def network(environ: Mapping[str, str], *, ssl_verify: bool | str) -> Network:
    """Read how a process reaches AWS: through which proxies, trusting which authorities.

    Raises:
        ConfigError: a proxy or a bundle can't be used; `path` is the setting's.
    """
    return read_network(environ, ssl_verify=ssl_verify)


def _target(
    model: str,
    address: Address,
    settings: Settings,
    aws: AwsSettings,
    *,
    signed: Headers,
    prompt: Prompt | None,
    drop_params: bool,
) -> Target:
    urls_of = native_urls if aws.transport == "openai_path" else invocation_urls
    urls = urls_of(address.endpoint, aws.region, aws.base_url)
    defaults = read_defaults(settings.defaults)
    return Target(
        model=model,
        endpoint=address.endpoint,
        region=aws.region,
        invoke_url=urls.invoke,
        stream_url=urls.stream,
        inference_component=_component(address, settings),
        headers=signed.fixed,
        header_sources=signed.sources,
        defaults=defaults["chat"],
        task_defaults={task: own for task, own in defaults.items() if own != defaults["chat"]},
        parameters=ParameterPolicy(
            drop_unsupported=drop_params if settings.drop_params is None else settings.drop_params,
            allowed=frozenset(settings.allowed_openai_params),
            dropped=frozenset(settings.additional_drop_params),
        ),
        allow_zero_temperature=settings.aws_sagemaker_allow_zero_temp,
        echoes_prompt=settings.echoes_prompt,
        prompt=prompt,
        body_model=_body_model(address, settings),
        ask_stream_usage=settings.stream_usage,
        embedding_key=settings.embedding_key,
        embedding_pooling=settings.embedding_pooling,
        batch_size=settings.batch_size,
        max_payload_bytes=int(settings.max_payload_mb * _MEGABYTE),
    )


def _component(address: Address, settings: Settings) -> str | None:
    """Give the inference component: `model_id`, or the model string's last part.

    Raises:
        ConfigError: the two differ, or it is no component's name.
    """
    if settings.model_id is not None:
        if address.component not in {None, settings.model_id}:
            raise ConfigError(
                f"the model names the inference component {address.component!a}: keep one of them",
                path=("model_id",),
            )
        return check_component_name(settings.model_id)
    return address.component and check_component_name(address.component, key="model")


def _body_model(address: Address, settings: Settings) -> str | None:
    """Give what a chat container sees as `model`: vLLM refuses names that it does not serve."""
    match settings.body_model:
        case None:
            return settings.hf_model_name or ""
        case "endpoint":
            return address.endpoint
        case "omit":
            return None
        case text:
            return text
