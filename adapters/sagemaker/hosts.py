"""Where SageMaker Runtime listens, and the URLs of its operations.

Knows AWS's name patterns; partitions are in `partitions`. Everything here runs at start-up, once
per deployment; but for a component that a client chooses.

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
_CHAT = "openai/v1/chat/completions"
_OPERATIONS = tuple(f"/{operation}" for operation in (_INVOKE, _STREAM, _CHAT))
_COMPONENTS = "inference-components"

#: What a base URL may hold: no space, quote, control or other character that needs encoding.
_URL_TEXT = re.compile(r"[A-Za-z0-9\-._~:/\[\]@!$&'()*+,;=%?#]+")
#: Segments that a server would rewrite: the signature would not fit any more.
_UNSTABLE_SEGMENTS = {"", ".", ".."}


class InvocationUrls(NamedTuple):
    """The complete URLs for whole and for streamed answers."""

    invoke: str
    stream: str


def invocation_urls(endpoint: str, region: str, base_url: str | None = None) -> InvocationUrls:
    """Give the URLs of InvokeEndpoint and InvokeEndpointWithResponseStream.

    Args:
        endpoint: SageMaker's endpoint name.
        region: Decides the host; not looked at where there is a base URL.
        base_url: A base to which the routes are appended, or one operation's complete URL, whose
            end is then switched.

    Raises:
        ConfigError: the name or the URL has the wrong form.
    """
    prefix = _endpoint_url(endpoint, region, base_url)
    return InvocationUrls(f"{prefix}/{_INVOKE}", f"{prefix}/{_STREAM}")


def native_urls(endpoint: str, region: str, base_url: str | None = None) -> InvocationUrls:
    """Give the URL of the native OpenAI path, which is one for both kinds of answers.

    The arguments and errors are those of `invocation_urls`; see `component_url` for components.
    """
    url = f"{_endpoint_url(endpoint, region, base_url)}/{_CHAT}"
    return InvocationUrls(url, url)


def component_url(native_url: str, component: str) -> str:
    """Give the native OpenAI path's URL for one inference component, percent-encoded."""
    prefix = native_url.removesuffix(_CHAT)
    return f"{prefix}{_COMPONENTS}/{quote(component, safe='')}/{_CHAT}"


def _endpoint_url(endpoint: str, region: str, base_url: str | None) -> str:
    """Give what stands in front of every operation's own end."""
    name = quote(check_endpoint_name(endpoint), safe="")
    if base_url is None:
        return f"https://{runtime_host(region)}/endpoints/{name}"
    parts = check_base_url(base_url)
    path = parts.path.rstrip("/")
    operation = next((end for end in _OPERATIONS if path.endswith(end)), None)
    path = f"{path}/endpoints/{name}" if operation is None else path.removesuffix(operation)
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_complete(base_url: str) -> bool:
    """Whether a base URL is an operation's own, and so names its endpoint."""
    return urlsplit(base_url).path.rstrip("/").endswith(_OPERATIONS)


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
        f"one of SageMaker's operations, ending in {', '.join(_OPERATIONS)}.",
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
    return _path_problem(parts.path.rstrip("/"))


def _path_problem(path: str) -> str:
    segments = path.split("/")[1:]
    if not _UNSTABLE_SEGMENTS.isdisjoint(segments):
        return "has empty, . or .. segments in its path"
    if "endpoints" not in segments[:-1]:
        return ""
    if _COMPONENTS in segments:
        return "has an inference component in its path, which model_id names"
    if not path.endswith(_OPERATIONS):
        return "has an /endpoints/ path but does not end in one of SageMaker's operations"
    return ""
