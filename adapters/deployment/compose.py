"""One deployment, composed: its target, the format spoken there, and who signs.

A composition root: brings settings, formats, prompts and AWS together. Nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from adapters import formats
from adapters.base import Collect, Format, Invoker, ParameterPolicy, Prompt, StreamMode, Target
from adapters.deployment.address import Address, Route
from adapters.deployment.defaults import read_defaults
from adapters.deployment.mock import MockInvoker
from adapters.deployment.native import chat_only, check_settings
from adapters.deployment.settings import Settings
from adapters.deployment.template import prompt_for
from adapters.errors import ConfigError
from adapters.passthrough.chat import PassThroughChat
from adapters.sagemaker.hosts import check_component_name, invocation_urls, native_urls
from adapters.sagemaker.settings import AwsSettings, read_aws_settings

_MEGABYTE: Final = 1024 * 1024
#: What each route speaks where no format is named.
_FORMATS: Final[Mapping[Route, str]] = {
    "sagemaker": "huggingface",
    "sagemaker_chat": "messages",
    "sagemaker_nova": "nova",
    "sagemaker/openai": "openai",
}
_EMBEDDING_BY_VENDOR: Final = (("voyage", "voyage_embed"), ("cohere", "cohere_embed"))

_CUSTOM_ATTRIBUTES: Final = "X-Amzn-SageMaker-Custom-Attributes"
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
#: Gives the way to AWS for an identity.
InvokerFor = Callable[[AwsSettings], Invoker]


@dataclass(frozen=True, slots=True, kw_only=True)
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
) -> Composed:
    """Check one deployment's settings against each other and against what there is.

    Args:
        model: The public model name.
        address: Where it is.
        settings: What is said about it.
        aws: Its region, its base URL and who signs: see `aws_settings`.
        drop_params: Holds where the settings don't say.

    Raises:
        ConfigError: something is not as it must be; `path` is the setting's.
    """
    spoken = _format(address, settings)
    prompt = prompt_for(settings, address.endpoint) if _writes_prompts(spoken) else None
    target = _target(model, address, settings, aws, prompt, drop_params=drop_params)
    if aws.transport == "openai_path":
        check_settings(settings)
        spoken = chat_only(spoken)
    if settings.mock_response is None:
        return Composed(
            target=target,
            format=spoken,
            aws=aws,
            stream_mode=settings.stream_mode,
            collect=settings.collect,
        )
    return Composed(
        target=target,
        # The mock speaks for a container with OpenAI's own bodies, and in words only.
        format=replace(formats.load("openai"), embedding=None, rerank=None),
        aws=aws,
        stream_mode="fake",
        mock_response=settings.mock_response,
    )


def aws_settings(settings: Settings, environ: Mapping[str, str]) -> AwsSettings:
    """Read a deployment's AWS settings, and from the environment what they leave open.

    Raises:
        ConfigError: a value has the wrong form; `path` is the setting's.
    """
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


def _target(
    model: str,
    address: Address,
    settings: Settings,
    aws: AwsSettings,
    prompt: Prompt | None,
    *,
    drop_params: bool,
) -> Target:
    urls_of = native_urls if aws.transport == "openai_path" else invocation_urls
    urls = urls_of(address.endpoint, aws.region, aws.base_url)
    if settings.model_id is not None:
        check_component_name(settings.model_id)
    defaults = read_defaults(settings.defaults)
    return Target(
        model=model,
        endpoint=address.endpoint,
        region=aws.region,
        invoke_url=urls.invoke,
        stream_url=urls.stream,
        inference_component=settings.model_id,
        headers=_headers(settings),
        defaults=defaults["chat"],
        task_defaults={task: own for task, own in defaults.items() if own != defaults["chat"]},
        parameters=ParameterPolicy(
            drop_unsupported=drop_params if settings.drop_params is None else settings.drop_params,
            allowed=frozenset(settings.allowed_openai_params),
            dropped=frozenset(settings.additional_drop_params),
        ),
        allow_zero_temperature=settings.aws_sagemaker_allow_zero_temp,
        prompt=prompt,
        body_model=_body_model(address, settings),
        ask_stream_usage=settings.stream_usage,
        embedding_key=settings.embedding_key,
        embedding_pooling=settings.embedding_pooling,
        batch_size=settings.batch_size,
        max_payload_bytes=int(settings.max_payload_mb * _MEGABYTE),
    )


def _headers(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Give the deployment's own headers, if SageMaker takes them on both operations.

    Raises:
        ConfigError: it would drop one, or another setting writes it.
    """
    for name, value in settings.extra_headers.items():
        if name.lower() not in _OWN_HEADERS:
            raise ConfigError(
                f"SageMaker takes no header {name!r} from its callers; it takes "
                f"{', '.join(sorted(_OWN_HEADERS))}",
                path=("extra_headers", name),
            )
        _check_header(value, "extra_headers", name)
    headers = tuple(settings.extra_headers.items())
    if settings.custom_attributes is None:
        return headers
    _check_header(settings.custom_attributes, "custom_attributes")
    if any(name.lower() == _CUSTOM_ATTRIBUTES.lower() for name, _ in headers):
        raise ConfigError(
            f"extra_headers has {_CUSTOM_ATTRIBUTES}, which is the same setting: keep one of them",
            path=("custom_attributes",),
        )
    return (*headers, (_CUSTOM_ATTRIBUTES, settings.custom_attributes))


def _check_header(value: str, *path: str) -> None:
    if not value.isascii() or not value.isprintable():
        raise ConfigError("expected printable ASCII", path=path)


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
