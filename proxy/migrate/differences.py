"""Keys that mean something here which a user of LiteLLM would not expect, each in one sentence.

Knows the differences of meaning only; what is not used or refused is told by `proxy.config.compat`.

Source: https://docs.litellm.ai/docs/proxy/config_settings
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_LIMIT: Final = "a limit that is enforced, within any 60 seconds; in LiteLLM it is a weight only"
_DEADLINE: Final = "one deadline for a request with all its retries; in LiteLLM one for each try"

_PARAMS: Mapping[str, str] = {
    "rpm": _LIMIT,
    "tpm": _LIMIT,
    "timeout": _DEADLINE,
    "max_parallel_requests": "further requests wait in line, fairly and for a bounded time",
    "cooldown_time": "afterwards one request tries the deployment before the others follow",
    "num_retries": "within the request's deadline, and within a budget of retries",
    "configurable_clientside_auth_params": "model_id only: clients never bring credentials or URLs",
    "extra_headers": "X-Amzn-SageMaker-* headers only: SageMaker drops all others",
}
_ROUTER: Mapping[str, str] = {
    "timeout": _DEADLINE,
    "num_retries": _PARAMS["num_retries"],
    "cooldown_time": _PARAMS["cooldown_time"],
    "default_max_parallel_requests": _PARAMS["max_parallel_requests"],
}

#: Section -> key -> what is different.
DIFFERENCES: Mapping[str, Mapping[str, str]] = {
    "root": {
        "environment_variables": "variables that decide which code runs, such as PATH, are refused",
    },
    "litellm_params": _PARAMS,
    "default_litellm_params": _PARAMS,
    "litellm_settings": {
        "request_timeout": f"{_DEADLINE}; unset it is 600 s, in LiteLLM 6000 s",
        "num_retries": _PARAMS["num_retries"],
        "cache": "callers don't share answers unless cache_params.shared_between_callers is true",
    },
    "router_settings": _ROUTER,
    "general_settings": {
        "database_url": "for sagegate's own tables of keys and spend: LiteLLM's are not read",
        "public_routes": "exact paths",
    },
}
