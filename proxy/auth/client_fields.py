"""What a client may say: fields that choose a URL, a credential or an endpoint are refused by name.

Looks at the top level, at `extra_body` and at `metadata`, and never inside `messages`, `tools` or
`response_format`: a tool may well have a parameter called `base_url`.
"""

from __future__ import annotations

from typing import Final

from adapters.base import Json
from adapters.errors import InvalidRequest

#: Refused whatever the value.
_REFUSED: Final = frozenset(
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
        "metadata",
        "num_retries",
        "tags",
        "timeout",
    }
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
    extra = _object(body, "extra_body")
    for part in (body, extra, _object(body, "metadata")):
        _refuse(part, permitted)
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


def _refuse(part: Json, permitted: frozenset[str]) -> None:
    for name in part:
        if name in permitted or name in _ALLOWED:
            continue
        if name in _REFUSED or name.startswith(_REFUSED_PREFIXES):
            raise InvalidRequest(
                f"'{name}' can't be set by a request: only the gateway's configuration may.",
                param=name,
                code="field_not_allowed",
            )
