"""FIPS and dual-stack hosts, where a deployment or the environment asks for them.

Knows the names of the settings and their order; which hosts there are, `partitions` knows.

Names: https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.errors import ConfigError
from adapters.sagemaker.partitions import service_host

_FIPS: Final = "use_fips_endpoint"
_DUALSTACK: Final = "use_dualstack_endpoint"


def special_base_url(
    params: Mapping[str, object], environ: Mapping[str, str], region: str, base_url: str | None
) -> str | None:
    """Give the base URL of the FIPS or dual-stack host; None where neither is asked for.

    Args:
        params: The `litellm_params`; `false` there overrules the environment.
        environ: The process's environment.
        region: The deployment's.
        base_url: The one that is configured otherwise.

    Raises:
        ConfigError: there is another base URL beside, the region has no such host that is known,
            or a value is neither true nor false; `path` is the setting.
    """
    fips = _wanted(params, environ, _FIPS)
    dualstack = _wanted(params, environ, _DUALSTACK)
    if not fips and not dualstack:
        return None
    if base_url is not None:
        key = _FIPS if fips else _DUALSTACK
        raise ConfigError(
            f"{key} (or AWS_{key.upper()}) chooses a host, and so does the base URL: keep one of "
            f"them, or set {key}: false",
            path=(key,),
        )
    return f"https://{service_host('runtime', region, fips=fips, dualstack=dualstack)}"


def _wanted(params: Mapping[str, object], environ: Mapping[str, str], key: str) -> bool:
    value = params.get(key)
    if value is not None:
        return bool(value)
    name = f"AWS_{key.upper()}"
    text = environ.get(name, "").lower()
    if text not in {"", "true", "false"}:
        raise ConfigError(f"{name} is neither true nor false", path=(key,))
    return text == "true"
