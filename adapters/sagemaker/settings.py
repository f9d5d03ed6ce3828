"""The AWS settings of one deployment, read and checked at start-up.

Knows the names (LiteLLM's keys, AWS's environment variables) and their order. Refuses to know YAML
and `os.environ`: the composition root hands both in as mappings, with secrets as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.errors import ConfigError
from adapters.sagemaker.credentials import Credentials
from adapters.sagemaker.hosts import check_base_url
from adapters.sagemaker.special_hosts import special_base_url

#: Serves where nobody names a region; `AwsSettings.region_assumed` tells.
FALLBACK_REGION = "us-west-2"

_REGION_VARIABLES = ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION")
#: AWS's own names: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
_BASE_URL_VARIABLES = ("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_ENDPOINT_URL")
_BASE_URL_KEYS = ("sagemaker_base_url", "api_base", "base_url")
_REGION = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """Where one deployment's calls go, and who signs them."""

    region: str
    #: Nobody named a region: worth a warning at start.
    region_assumed: bool = False
    #: Static keys; None stands for AWS's default chain.
    credentials: Credentials | None = None
    #: A base that is configured, or the FIPS or dual-stack host; None stands for AWS's own host.
    base_url: str | None = None


def read_aws_settings(params: Mapping[str, object], environ: Mapping[str, str]) -> AwsSettings:
    """Read a deployment's AWS settings.

    Args:
        params: The `litellm_params`; other keys in it are not looked at.
        environ: The process's environment; only AWS's region and endpoint URL are read. A session
            token in it never joins keys that the configuration names.

    Raises:
        ConfigError: a value has the wrong form, or one of a pair is missing; `path` is the key.
    """
    region, assumed = _read_region(params, environ)
    base_url = _read_base_url(params, environ)
    return AwsSettings(
        region=region,
        region_assumed=assumed,
        credentials=_read_credentials(params),
        base_url=special_base_url(params, environ, region, base_url) or base_url,
    )


def _read_region(params: Mapping[str, object], environ: Mapping[str, str]) -> tuple[str, bool]:
    region = _text(params, "aws_region_name")
    origin = "aws_region_name"
    if region is None:
        origin = next((name for name in _REGION_VARIABLES if environ.get(name)), "")
        region = environ.get(origin)
    if region is None:
        return FALLBACK_REGION, True
    if not _REGION.fullmatch(region):
        raise ConfigError(
            f"{origin} is not an AWS region: expected small letters, digits and hyphens, "
            "such as eu-west-1.",
            path=("aws_region_name",),
        )
    return region, False


def _read_credentials(params: Mapping[str, object]) -> Credentials | None:
    access_key = _text(params, "aws_access_key_id")
    secret_key = _text(params, "aws_secret_access_key")
    token = _text(params, "aws_session_token")
    if access_key is not None and secret_key is not None:
        return Credentials(access_key, secret_key, token)
    if access_key is not None or secret_key is not None:
        present, missing = "aws_access_key_id", "aws_secret_access_key"
        if access_key is None:
            present, missing = missing, present
        raise ConfigError(f"{present} needs {missing} beside it.", path=(present,))
    if token is not None:
        raise ConfigError(
            "aws_session_token belongs to aws_access_key_id and aws_secret_access_key, "
            "which are missing.",
            path=("aws_session_token",),
        )
    return None


def _read_base_url(params: Mapping[str, object], environ: Mapping[str, str]) -> str | None:
    urls = {key: _text(params, key) for key in _BASE_URL_KEYS}
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        urls.update((name, environ.get(name)) for name in _BASE_URL_VARIABLES)
    for key, url in urls.items():
        if url:
            check_base_url(url, key=key)
            return url
    return None


def _text(params: Mapping[str, object], key: str) -> str | None:
    """Give a setting's text, or None where it is not set; never shows it: it may be a secret."""
    value = params.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ConfigError(f"{key} must be text, not {type(value).__name__}.", path=(key,))
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        problem = "is empty" if not value else "has characters that can't be part of it"
        raise ConfigError(f"{key} {problem}; leave the key out to use the default.", path=(key,))
    return value
