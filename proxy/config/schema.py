"""The frozen shape of `config.yaml`: what this version honours, and nothing else.

Each field is described in `docs/configuration.md`, checked by a test. Keys of LiteLLM that are not
honoured stand in `compat`. Refuses to know files, lines and the environment: `load` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from adapters.deployment.settings import SigningSettings
from adapters.deployment.values import (
    Count,
    Flag,
    Megabytes,
    Money,
    Places,
    PlacesOrNone,
    Seconds,
    Secret,
    Section,
    Text,
    TextOrNumber,
    absent,
)
from proxy.config.cache import CacheParams
from proxy.config.callbacks import CallbackNames
from proxy.config.deployment import DeploymentParams
from proxy.config.jwt import JwtAuth
from proxy.config.key_entry import KeyEntry
from proxy.config.router import FallbackSettings, RouterSettings
from proxy.config.values import (
    Buckets,
    CalendarSpan,
    DatabaseUrl,
    ExactPath,
    FunctionName,
    HeaderName,
    IpNetwork,
    MetadataFields,
    Origin,
)
from proxy.config.wildcard import is_wildcard


class ModelInfo(Section):
    """What is known about a model, for listings; further keys are kept and shown as they are."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    #: The deployment's own id; None lets the registry derive one.
    id: TextOrNumber | None = None
    mode: Literal["chat", "completion", "embedding", "rerank"] | None = None
    base_model: str | None = None
    max_tokens: Count | None = None
    max_input_tokens: Count | None = None
    max_output_tokens: Count | None = None
    #: In US dollars; for deployments that do not say so themselves.
    input_cost_per_token: Money | None = None
    output_cost_per_token: Money | None = None
    input_cost_per_second: Money | None = None
    #: Seconds that a health check's call may take.
    health_check_timeout: Seconds | None = None
    disable_background_health_check: bool | None = None

    @model_validator(mode="after")
    def _abilities_are_flags(self) -> ModelInfo:
        for name, value in (self.model_extra or {}).items():
            if name.startswith("supports_") and not isinstance(value, bool):
                raise ValueError(f"{name}: expected true or false")
        return self


class ModelEntry(Section):
    """One row of `model_list`: a public name and the deployment behind it.

    With a `*` in both, the name stands for many names, and the address for as many endpoints.
    """

    model_name: Text
    litellm_params: DeploymentParams
    model_info: ModelInfo = absent()

    @field_validator("model_name")
    @classmethod
    def _has_one_star_at_most(cls, name: str) -> str:
        if name.count("*") > 1:
            raise ValueError('expected one "*" at most')
        return name

    @field_validator("litellm_params")
    @classmethod
    def _fit_together(cls, params: DeploymentParams, info: ValidationInfo) -> DeploymentParams:
        if "model_name" in info.data and is_wildcard(info.data["model_name"]) != params.wildcard:
            raise ValueError('expected a "*" in both model_name and model, or in neither')
        return params


class CredentialEntry(Section):
    """One row of `credential_list`: a name for an identity."""

    credential_name: Text
    credential_values: SigningSettings
    #: Notes; nothing is done with them.
    credential_info: Mapping[str, Any] = Field(default_factory=dict, repr=False)


class ModelGroupSettings(Section):
    """`model_group_settings`: what holds for models by their public names."""

    #: Public names, or patterns of them such as `team-a/*`.
    forward_client_headers_to_llm_api: tuple[Text, ...] = ()


class LitellmSettings(FallbackSettings):
    """`litellm_settings`: what holds for all models."""

    drop_params: Flag = False
    request_timeout: Seconds = 600
    #: Public name -> the model that it is another name for.
    model_alias_map: Mapping[Text, Text] = Field(default_factory=dict)
    #: True, or the path of a bundle of certificate authorities; False is refused at start.
    ssl_verify: bool | Text = True
    model_group_settings: ModelGroupSettings = absent()
    cache: Flag = False
    cache_params: CacheParams = absent()
    #: What hears of calls: `prometheus` (always on), `otel`, or `module.attr` of the operator's.
    callbacks: CallbackNames = ()
    success_callback: CallbackNames = ()
    failure_callback: CallbackNames = ()
    #: Seconds that a request waits for all pre-call hooks together.
    callback_timeout: Seconds = 1
    require_auth_for_metrics_endpoint: Flag = True
    #: Of the latencies among the metrics, in seconds; read at the start only. None: LiteLLM's.
    prometheus_latency_buckets: Buckets | None = None
    #: Fields of keys' metadata that are labels of the metrics; read at the start only.
    custom_prometheus_metadata_labels: MetadataFields = ()
    #: Log what clients say and models answer; `turn_off_message_logging` wins.
    log_messages: Flag = False
    turn_off_message_logging: Flag = False
    #: `module.function`, a function from text to text that every such text passes first.
    redact_messages: Text | None = None
    #: Leave callers' aliases out of the log.
    redact_user_api_key_info: Flag = False
    set_verbose: Flag = False
    json_logs: Flag = False


class GeneralSettings(Section):
    """`general_settings`: the server's own doors and limits."""

    master_key: Secret | None = None
    #: Where virtual keys are kept.
    database_url: DatabaseUrl | None = None
    #: For how long what requests have cost is written down, and how often that is looked at.
    maximum_spend_logs_retention_period: CalendarSpan = "90d"
    maximum_spend_logs_retention_interval: CalendarSpan = "1h"
    #: The operator's own function that tells who calls.
    custom_auth: FunctionName | None = None
    #: Tokens that these issuers sign are keys.
    enable_jwt_auth: bool = False
    litellm_jwtauth: JwtAuth | None = None
    litellm_key_header_name: HeaderName | None = None
    #: Paths that may be called at all; none: every one. They hold for administrators, too.
    allowed_routes: tuple[ExactPath, ...] = ()
    #: Paths that only administrators may call, beside their own.
    admin_only_routes: tuple[ExactPath, ...] = ()
    public_routes: tuple[ExactPath, ...] = ()
    dangerously_permit_weak_or_unset_master_key: Flag = False
    #: None: any origin when a key is required, only loopback origins when none is.
    allowed_origins: tuple[Origin, ...] | None = None
    max_request_size_mb: Annotated[Megabytes, Field(le=1024)] = 25
    #: Of each answer of SageMaker's, whole or streamed; None: 64 for whole ones.
    max_response_size_mb: Annotated[Megabytes, Field(le=1024)] | None = None
    #: Values in lists and objects of a request's body; and its keys, lists and objects.
    max_json_items: Count = 1000000
    max_json_keys: Count = 400000
    #: The networks that may call; None: all.
    allowed_ips: Annotated[tuple[IpNetwork, ...], Field(min_length=1)] | None = None
    #: Take the client's address from X-Forwarded-For, where a proxy of these networks wrote it.
    use_x_forwarded_for: Flag = False
    trusted_proxy_ranges: tuple[IpNetwork, ...] = ()
    #: Of each deployment, where neither it nor the router says so.
    max_parallel_requests: Places | None = None
    global_max_parallel_requests: Places | None = None
    max_in_flight_requests_per_worker: Places | None = None
    max_queued_requests_per_worker: PlacesOrNone = 100
    admission_queue_timeout_seconds: Seconds = 10
    forward_client_headers_to_llm_api: Flag = False
    #: Call each deployment once in so many seconds, which AWS bills.
    background_health_checks: Flag = False
    health_check_interval: Seconds = 300
    #: Whether GET /health tells more than names and states.
    health_check_details: Flag = True
    #: Ask AWS how the endpoints are, at the same interval.
    describe_endpoints: Flag = False

    @field_validator("trusted_proxy_ranges")
    @classmethod
    def _are_asked_about(
        cls, ranges: tuple[IpNetwork, ...], info: ValidationInfo
    ) -> tuple[IpNetwork, ...]:
        if ranges and not info.data.get("use_x_forwarded_for"):
            raise ValueError("has no effect without use_x_forwarded_for: true")
        return ranges

    @model_validator(mode="after")
    def _names_its_proxies(self) -> GeneralSettings:
        if self.use_x_forwarded_for and not self.trusted_proxy_ranges:
            raise ValueError(
                "use_x_forwarded_for needs trusted_proxy_ranges, the networks of your proxies: "
                "without it anybody could name any address"
            )
        return self


class ProxyConfig(Section):
    """The whole configuration."""

    model_list: tuple[ModelEntry, ...]
    litellm_settings: LitellmSettings = absent()
    general_settings: GeneralSettings = absent()
    router_settings: RouterSettings = absent()
    #: Already given to the deployments that name them; kept here to be checked.
    credential_list: tuple[CredentialEntry, ...] = ()
    #: Callers' keys beside the master key.
    keys: tuple[KeyEntry, ...] = ()
    #: Hidden as a whole: variables are where secrets live.
    environment_variables: Mapping[str, SecretStr] = Field(default_factory=dict)
    include: tuple[Text, ...] = ()

    @field_validator("model_list")
    @classmethod
    def _serves_something(cls, entries: tuple[ModelEntry, ...]) -> tuple[ModelEntry, ...]:
        if not entries:
            raise ValueError("needs at least one entry")
        return entries
