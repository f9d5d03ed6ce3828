"""The schema of `litellm_params`: one deployment's address, identity and habits.

Knows which settings exist and how a model string is spelled; refuses to know whether an endpoint
name, a format or a pair of credentials is any good: the registry checks those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from proxy.config.values import HttpUrl, Megabytes, Seconds, Secret, Section, Text

Route = Literal["sagemaker", "sagemaker_chat"]

#: The three spellings of one setting.
URL_KEYS = ("sagemaker_base_url", "api_base", "base_url")
#: Belong together: a deployment that sets one of them inherits none of the others.
CREDENTIAL_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")

_EXPECTED = "expected sagemaker/<endpoint-name> or sagemaker_chat/<endpoint-name>"


class DeploymentSettings(Section):
    """Every setting of a deployment but its model; keys beyond these go to the container."""

    model_config = ConfigDict(extra="allow")

    custom_llm_provider: Route | None = None

    aws_access_key_id: Secret | None = None
    aws_secret_access_key: Secret | None = None
    aws_session_token: Secret | None = None
    aws_region_name: Text | None = None

    sagemaker_base_url: HttpUrl | None = None
    api_base: HttpUrl | None = None
    base_url: HttpUrl | None = None
    model_id: Text | None = None

    format: Text | None = None
    hf_model_name: Text | None = None
    #: `endpoint`, `omit`, or the text itself, which may be empty; None leaves the choice to the
    #: route.
    body_model: str | None = None
    #: `X-Amzn-SageMaker-*` headers for every call; SageMaker drops all others.
    extra_headers: Mapping[str, str] = Field(default_factory=dict)
    #: LiteLLM's own template: marks around each role's messages, and around them all.
    roles: Mapping[str, Mapping[Literal["pre_message", "post_message"], str]] | None = None
    initial_prompt_value: str | None = None
    final_prompt_value: str | None = None
    #: The same three by the model's name on its hub.
    custom_prompt_dict: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    #: A Jinja template: its text, its file, or a model's `tokenizer_config.json`.
    chat_template: Text | None = None
    bos_token: str | None = None
    eos_token: str | None = None
    add_bos: bool = True
    aws_sagemaker_allow_zero_temp: bool = False
    extra_body: Mapping[str, Any] = Field(default_factory=dict, repr=False)

    #: None leaves the policy to `litellm_settings.drop_params`.
    drop_params: bool | None = None
    allowed_openai_params: tuple[str, ...] = ()
    additional_drop_params: tuple[str, ...] = ()
    configurable_clientside_auth_params: tuple[Literal["model_id"], ...] = ()

    timeout: Seconds | None = None
    stream_timeout: Seconds | None = None
    stream_mode: Literal["auto", "real", "fake"] = "auto"
    stream_usage: bool = True
    max_payload_mb: Megabytes = 6

    @model_validator(mode="after")
    def _one_base_url(self) -> DeploymentSettings:
        used = [key for key in URL_KEYS if getattr(self, key) is not None]
        if len(used) > 1:
            raise ValueError(f"{' and '.join(used)} are the same setting: keep one of them")
        return self

    @property
    def endpoint_url(self) -> str | None:
        """The base URL under whichever of its three names it was given."""
        return self.sagemaker_base_url or self.api_base or self.base_url

    @property
    def defaults(self) -> dict[str, Any]:
        """Parameters for the container that a request gets unless it brings them itself."""
        return {**(self.model_extra or {}), **self.extra_body}

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show defaults by name only: nobody knows which of their values are secret."""
        extra = self.model_extra or {}
        yield from ((name, value) for name, value in super().__repr_args__() if name not in extra)
        yield "defaults", sorted(self.defaults)


class DeploymentParams(DeploymentSettings):
    """One deployment: the settings and the SageMaker endpoint that they are for."""

    model: Text

    @field_validator("model")
    @classmethod
    def _addresses_an_endpoint(cls, model: str, info: ValidationInfo) -> str:
        if "custom_llm_provider" in info.data:
            _address(model, info.data["custom_llm_provider"])
        return model

    @property
    def route(self) -> Route:
        """How requests travel: the container's own text API, or the Messages API."""
        return _address(self.model, self.custom_llm_provider)[0]

    @property
    def endpoint(self) -> str:
        """The endpoint's name as it was written; not yet checked against AWS's rule."""
        return _address(self.model, self.custom_llm_provider)[1]


def _address(model: str, provider: Route | None) -> tuple[Route, str]:
    """Split a model string into route and endpoint name.

    Raises:
        ValueError: it names no route or endpoint that this version serves.
    """
    prefix, slash, rest = model.partition("/")
    if provider is not None and not slash:
        return provider, _endpoint(model)
    route = _route(prefix if slash else "")
    if provider is not None and provider != route:
        raise ValueError(f"begins with {route}/ but custom_llm_provider is {provider}")
    return route, _endpoint(rest)


def _route(prefix: str) -> Route:
    match prefix:
        case "sagemaker":
            return "sagemaker"
        case "sagemaker_chat":
            return "sagemaker_chat"
        case "sagemaker_nova":
            raise ValueError(f"sagemaker_nova/ is not supported yet; {_EXPECTED}")
        case "sagemaker-chat" | "sagemaker-nova":
            raise ValueError(
                f"{prefix}/ is not a route; {_EXPECTED} (did you mean sagemaker_chat/?)"
            )
        case _:
            raise ValueError(_EXPECTED)


def _endpoint(name: str) -> str:
    if not name:
        raise ValueError(_EXPECTED)
    if name.startswith("openai/"):
        raise ValueError(f"sagemaker/openai/ is not supported yet; {_EXPECTED}")
    if "*" in name:
        raise ValueError(f'"*" is not supported in this version; {_EXPECTED}')
    return name
