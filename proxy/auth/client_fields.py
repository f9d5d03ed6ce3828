"""What a client may say: fields that are the configuration's are refused by name.

Those are the settings of a deployment, under all names that LiteLLM has for any, and everything
else that would choose a URL, a credential or an endpoint. Looks at the top level, at `extra_body`
and at `metadata`, and never inside `messages`, `tools` or `response_format`: a tool may well have a
parameter called `base_url`.
"""

from __future__ import annotations

from typing import Final

from adapters.base import Json
from adapters.errors import InvalidRequest
from adapters.openai import parameters as openai
from adapters.openai.chat import ChatRequest
from adapters.openai.completions import CompletionRequest
from adapters.openai.embeddings import EmbeddingRequest
from adapters.openai.rerank import RerankRequest
from proxy.config.compat import REQUESTS_OWN, UNSUPPORTED, UNUSED
from proxy.config.deployment import DeploymentParams

#: Refused in notes as well, which go nowhere: whoever writes them there means them to be obeyed.
_REFUSED_ANYWHERE: Final = frozenset(
    {
        "allowed_client_headers",
        "api_base",
        "api_key",
        "base_url",
        "chat_template",
        "configurable_clientside_auth_params",
        "custom_attributes",
        "custom_llm_provider",
        "custom_prompt_dict",
        "enable_explanations",
        "endpoint_url",
        "extra_headers",
        "final_prompt_value",
        "hf_model_name",
        "inference_id",
        "initial_prompt_value",
        "litellm_credential_name",
        "litellm_params",
        "model_id",
        "model_list",
        "prefix_aware_id",
        "roles",
        "router_settings",
        "sagemaker_base_url",
        "target_container",
        "target_model",
        "target_variant",
        "use_dualstack_endpoint",
        "use_fips_endpoint",
        "user_config",
    }
)
_REFUSED_PREFIXES: Final = ("aws_", "mock_")
#: A parameter, not an identity, whatever its name says.
_ALLOWED: Final = frozenset({"aws_sagemaker_allow_zero_temp"})

#: Fields that speak to the gateway; they never reach a container.
_CONTROL: Final = frozenset(
    {
        "cache",
        "disable_fallbacks",
        "extra_body",
        "fallbacks",
        "litellm_session_id",
        "litellm_trace_id",
        "max_retries",
        "metadata",
        "num_retries",
        "stream_timeout",
        "tags",
        "timeout",
    }
)

#: OpenAI's and Cohere's own, which are a client's to say, and what a container's own bodies hold.
_REQUESTS: Final = frozenset().union(
    openai.CHAT,
    openai.COMPLETION,
    openai.EMBEDDING,
    openai.BOOKKEEPING,
    REQUESTS_OWN,
    *(
        schema.model_fields
        for schema in (ChatRequest, CompletionRequest, EmbeddingRequest, RerankRequest)
    ),
)
#: A deployment's, whether this version honours them or not: no container has a use for them.
_SETTINGS: Final = frozenset().union(
    DeploymentParams.model_fields, UNUSED["litellm_params"], UNSUPPORTED["litellm_params"]
)
_REFUSED: Final = _REFUSED_ANYWHERE | (_SETTINGS - _REQUESTS - _CONTROL)
#: What most requests have nothing beside, and nobody refuses.
_PLAIN: Final = frozenset(
    name
    for name in _REQUESTS - _REFUSED - _CONTROL
    if name in _ALLOWED or not name.startswith(_REFUSED_PREFIXES)
)


def parameters(body: Json, permitted: frozenset[str]) -> Json:
    """Give the request's parameters: `extra_body` merged in, the gateway's own fields left out.

    A field that is null counts as not given, as with OpenAI.

    Args:
        body: The client's request.
        permitted: Refused fields that the model's configuration allows its clients.

    Raises:
        InvalidRequest: names the first field that a client may not send.
    """
    if body.keys() <= _PLAIN:
        if None not in body.values():
            return body.copy()
        return {name: value for name, value in body.items() if value is not None}
    extra = _object(body, "extra_body")
    _refuse(body, _REFUSED, permitted)
    _refuse(extra, _REFUSED, permitted)
    _refuse(_object(body, "metadata"), _REFUSED_ANYWHERE, permitted)
    return {
        name: value
        for part in (body, extra)
        for name, value in part.items()
        if value is not None and name not in _CONTROL
    }


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest(
            f"Invalid type for '{name}': expected an object.", param=name, code="invalid_type"
        )
    return value


def _refuse(part: Json, refused: frozenset[str], permitted: frozenset[str]) -> None:
    for name in part:
        if name in permitted or name in _ALLOWED:
            continue
        if name in refused or name.startswith(_REFUSED_PREFIXES):
            raise InvalidRequest(
                f"'{name}' can't be set by a request: only the gateway's configuration may.",
                param=name,
                code="field_not_allowed",
            )
