"""The AWS settings of one deployment, read and checked at start-up.

Knows the address; who signs is in `identity_settings.py`, the region in `region.py`. Refuses to
know YAML and `os.environ`: the composition root hands both in as mappings, with secrets as plain
text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.base import Transport
from adapters.errors import ConfigError
from adapters.sagemaker.hosts import check_base_url
from adapters.sagemaker.identity import AMBIENT, Identity, WebIdentity
from adapters.sagemaker.identity_settings import (
    named_settings,
    profile_of,
    read_identity,
    text_of,
)
from adapters.sagemaker.partitions import partition_of
from adapters.sagemaker.presence import absent
from adapters.sagemaker.region import read_region
from adapters.sagemaker.special_hosts import special_base_url
from adapters.value import value

#: AWS's own names: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
_BASE_URL_VARIABLES = ("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_ENDPOINT_URL")
_BASE_URL_KEYS = ("sagemaker_base_url", "api_base", "base_url")


@value(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """Where one deployment's calls go, and who signs them."""

    region: str
    #: Nobody named a region: worth a warning at start.
    region_assumed: bool = False
    #: Who signs.
    identity: Identity = AMBIENT
    #: A base that is configured, or the FIPS or dual-stack host; None stands for AWS's own host.
    base_url: str | None = None
    #: Which of SageMaker's ways takes the calls.
    transport: Transport = "invocations"

    @property
    def region_known(self) -> bool:
        """Whether the region is named as those of a partition are: another one may be new."""
        return partition_of(self.region) is not None

    @property
    def external_id_unused(self) -> bool:
        """Whether an external id is configured that no call of the identity carries."""
        return isinstance(self.identity, WebIdentity) and self.identity.external_id_unused

    def absent(self, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Give what the identity names that this machine lacks, each with what to look at."""
        return absent(self.identity, environ)


def read_aws_settings(params: Mapping[str, object], environ: Mapping[str, str]) -> AwsSettings:
    """Read a deployment's AWS settings.

    Args:
        params: The `litellm_params`; other keys in it are not looked at.
        environ: The process's environment. It never completes what the configuration says about
            the identity: a session token in it never joins keys that the configuration names.

    Raises:
        ConfigError: a value has the wrong form, or one of a pair is missing; `path` is the key.
    """
    named = named_settings(params, environ)
    own_region = text_of(params, "aws_region_name")
    region, assumed = read_region(own_region, profile_of(named), environ)
    base_url = _read_base_url(params, environ)
    return AwsSettings(
        region=region,
        region_assumed=assumed,
        identity=read_identity(named, params, environ, region),
        base_url=special_base_url(params, environ, region, base_url) or base_url,
        transport=_read_transport(params),
    )


def _read_base_url(params: Mapping[str, object], environ: Mapping[str, str]) -> str | None:
    urls = {key: text_of(params, key) for key in _BASE_URL_KEYS}
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        urls.update((name, environ.get(name)) for name in _BASE_URL_VARIABLES)
    for key, url in urls.items():
        if url:
            check_base_url(url, key=key)
            return url
    return None


def _read_transport(params: Mapping[str, object]) -> Transport:
    match params.get("transport"):
        case None | "invocations":
            return "invocations"
        case "openai_path":
            return "openai_path"
    raise ConfigError("expected one of invocations, openai_path", path=("transport",))
