"""Where SageMaker Runtime listens, and the URLs of its two operations.

Knows AWS's name patterns; partitions are in `partitions`. Everything here runs at start-up, once
per deployment.

Hosts: https://docs.aws.amazon.com/general/latest/gr/sagemaker.html
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

from adapters.base import COMPONENT_NAME
from adapters.errors import ConfigError
from adapters.sagemaker.partitions import service_host

MAX_NAME_LENGTH = 63

_ENDPOINT_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")

_INVOKE = "invocations"
_STREAM = "invocations-response-stream"

#: What a base URL may hold: no space, quote, control or other character that needs encoding.
_URL_TEXT = re.compile(r"[A-Za-z0-9\-._~:/\[\]@!$&'()*+,;=%?#]+")
#: Segments that a server would rewrite: the signature would not fit any more.
_UNSTABLE_SEGMENTS = {"", ".", ".."}


class InvocationUrls(NamedTuple):
    """The complete URLs of an endpoint's two operations."""

    invoke: str
    stream: str


def invocation_urls(endpoint: str, region: str, base_url: str | None = None) -> InvocationUrls:
    """Give the URLs of InvokeEndpoint and InvokeEndpointWithResponseStream.

    Args:
        endpoint: SageMaker's endpoint name.
        region: Decides the host; not looked at where there is a base URL.
        base_url: A base to which the routes are appended, or one operation's complete URL, whose
            last segment is then switched.

    Raises:
        ConfigError: the name or the URL has the wrong form.
    """
    name = quote(check_endpoint_name(endpoint), safe="")
    if base_url is None:
        prefix = f"https://{runtime_host(region)}/endpoints/{name}"
    else:
        parts = check_base_url(base_url)
        root = f"{parts.scheme}://{parts.netloc}"
        path = parts.path.rstrip("/")
        head, _, last = path.rpartition("/")
        prefix = root + (head if last in {_INVOKE, _STREAM} else f"{path}/endpoints/{name}")
    return InvocationUrls(f"{prefix}/{_INVOKE}", f"{prefix}/{_STREAM}")


def runtime_host(region: str) -> str:
    """Give SageMaker Runtime's public host name in a region."""
    return service_host("runtime", region)


def check_endpoint_name(name: str) -> str:
    """Give the name back when it is one that SageMaker allows.

    Raises:
        ConfigError: it is not; `path` is `("model",)`.
    """
    return _check_name(name, _ENDPOINT_NAME, "endpoint name", "model")


def check_component_name(name: str, *, key: str = "model_id") -> str:
    """Give the name of an inference component back when it is one that SageMaker allows.

    Raises:
        ConfigError: it is not; `path` is `(key,)`.
    """
    return _check_name(name, COMPONENT_NAME, "inference component name", key)


def _check_name(name: str, pattern: re.Pattern[str], what: str, key: str) -> str:
    # The length first: the pattern may look at a long name many times over.
    if len(name) > MAX_NAME_LENGTH or not pattern.fullmatch(name):
        shown = ascii(name[:MAX_NAME_LENGTH])
        raise ConfigError(
            f"{shown} is not a SageMaker {what}: expected at most {MAX_NAME_LENGTH} letters, "
            "digits and hyphens, with a letter or digit at both ends.",
            path=(key,),
        )
    return name


def check_base_url(url: str, *, key: str = "sagemaker_base_url") -> SplitResult:
    """Take a base URL apart.

    Raises:
        ConfigError: it is not an absolute http(s) URL, or has parts that can't be signed or belong
            to no base (credentials, query, fragment); `path` is `(key,)`.
    """
    problem = "has characters that a URL can't have"
    if _URL_TEXT.fullmatch(url):
        try:
            parts = urlsplit(url)
            problem = _problem(parts)
        except ValueError:  # a bad port, or brackets that hold no IPv6 address
            problem = "has a host or port that can't be read"
        else:
            if not problem:
                return parts
    raise ConfigError(
        f"{key} {problem}; expected something like https://host/path, or the complete URL of "
        f"one of SageMaker's operations, ending in /{_INVOKE} or /{_STREAM}.",
        path=(key,),
    )


def _problem(parts: SplitResult) -> str:
    """Say what is wrong with a URL; empty where nothing is."""
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        return "is not an http or https URL with a host"
    if "@" in parts.netloc:
        return "has credentials in it"
    if parts.query or parts.fragment:
        return "has a query or a fragment"
    segments = parts.path.rstrip("/").split("/")[1:]
    if not _UNSTABLE_SEGMENTS.isdisjoint(segments):
        return "has empty, . or .. segments in its path"
    if "endpoints" in segments[:-1] and segments[-1] not in {_INVOKE, _STREAM}:
        return "has an /endpoints/ path but does not end in one of SageMaker's operations"
    return ""
