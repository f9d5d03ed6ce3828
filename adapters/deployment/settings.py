"""The settings of one deployment but its model: where it is, who signs, what its container wants.

Knows which there are and what each may be; refuses to know files, arguments, and whether an
endpoint, a format or a pair of credentials is any good: `compose` checks those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, SecretStr, model_validator

from adapters.base import Collect, EmbeddingKey, Pooling, StreamMode, Transport
from adapters.deployment.address import Provider
from adapters.deployment.values import (
    BaseUrl,
    Count,
    Flag,
    HttpUrl,
    PayloadMegabytes,
    Seconds,
    Secret,
    Section,
    Text,
)
from adapters.sagemaker import identity_settings
from adapters.sagemaker.hosts import is_complete

#: Say who signs: a deployment that sets one of them inherits none of the others.
IDENTITY_KEYS = identity_settings.IDENTITY_KEYS
#: The three spellings of one setting.
URL_KEYS = ("sagemaker_base_url", "api_base", "base_url")


class SigningSettings(Section):
    """Who signs, and in which region."""

    aws_access_key_id: Secret | None = None
    aws_secret_access_key: Secret | None = None
    aws_session_token: Secret | None = None
    aws_profile_name: Text | None = None
    aws_role_name: Text | None = Field(default=None, repr=False)
    aws_session_name: Text | None = None
    aws_external_id: Secret | None = None
    #: A mapping, AWS's list of `Key` and `Value`, or either as JSON.
    aws_session_tags: Any = Field(default=None, repr=False)
    #: A token, its file, or `oidc/file/...`, `oidc/env/...`, `oidc/env_path/...`.
    aws_web_identity_token: Secret | None = None
    aws_sts_endpoint: HttpUrl | None = None
    aws_region_name: Text | None = None


class Settings(SigningSettings):
    """Every setting of a deployment; keys beyond these go to the container."""

    model_config = ConfigDict(extra="allow")

    custom_llm_provider: Provider | None = None

    sagemaker_base_url: BaseUrl | None = None
    api_base: BaseUrl | None = None
    base_url: BaseUrl | None = None
    #: None leaves it to `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`.
    use_fips_endpoint: Flag | None = None
    use_dualstack_endpoint: Flag | None = None
    model_id: Text | None = None
    transport: Transport = "invocations"

    format: Text | None = None
    hf_model_name: Text | None = None
    #: `endpoint`, `omit`, or the text itself, which may be empty; None leaves the choice to the
    #: route.
    body_model: str | None = None
    #: `X-Amzn-SageMaker-*` headers for every call; SageMaker drops all others.
    extra_headers: Mapping[str, str] = Field(default_factory=dict)
    #: The headers of these names; the first is opaque text for the container, such as
    #: `accept_eula=true`, or `from_traceparent`.
    custom_attributes: Text | None = None
    target_model: Text | None = None
    target_variant: Text | None = None
    target_container: Text | None = None
    session_id: Text | None = None
    enable_explanations: Text | None = None
    #: A text for every call, or one of `adapters.base.PrefixSource`.
    prefix_aware_id: Text | None = None
    #: A text for every call, or whether each call carries the gateway's own id for it.
    inference_id: Text | bool = True
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
    add_bos: Flag = True
    aws_sagemaker_allow_zero_temp: Flag = False
    extra_body: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    #: Whether the container puts the prompt before its answer; None leaves it to the format.
    echoes_prompt: Flag | None = None

    embedding_key: EmbeddingKey = "inputs"
    embedding_pooling: Pooling = "mean"
    #: Inputs, or documents, of one call; None leaves the limit to the dialect.
    batch_size: Count | None = None

    #: None leaves the policy to whoever holds the deployments.
    drop_params: Flag | None = None
    allowed_openai_params: tuple[str, ...] = ()
    additional_drop_params: tuple[str, ...] = ()

    timeout: Seconds | None = None
    stream_timeout: Seconds | None = None
    stream_mode: StreamMode = "auto"
    stream_usage: Flag = True
    collect: Collect = "auto"
    max_payload_mb: PayloadMegabytes = 6
    #: What every request is answered, without AWS.
    mock_response: str | None = None

    @model_validator(mode="after")
    def _one_base_url(self) -> Settings:
        used = [key for key in URL_KEYS if getattr(self, key) is not None]
        if len(used) > 1:
            raise ValueError(f"{' and '.join(used)} are the same setting: keep one of them")
        return self

    @property
    def endpoint_url(self) -> str | None:
        """The base URL under whichever of its three names it was given."""
        return self.sagemaker_base_url or self.api_base or self.base_url

    @property
    def complete_url_key(self) -> str | None:
        """The name under which a URL was given that is one endpoint's own; None: there is none."""
        for key in URL_KEYS:
            url = getattr(self, key)
            if url is not None and is_complete(url):
                return key
        return None

    @property
    def defaults(self) -> dict[str, Any]:
        """Parameters for the container that a request gets unless it brings them itself."""
        return {**(self.model_extra or {}), **self.extra_body}

    def plain(self) -> dict[str, Any]:
        """Give every setting by its name, secrets as the text that they are."""
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self
        }

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show defaults by name only: nobody knows which of their values are secret."""
        extra = self.model_extra or {}
        yield from ((name, value) for name, value in super().__repr_args__() if name not in extra)
        yield "defaults", sorted(self.defaults)
