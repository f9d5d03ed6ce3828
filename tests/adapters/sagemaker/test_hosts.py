"""Hosts and URLs: AWS's partitions, base URLs, names."""

import pytest

from adapters.errors import ConfigError
from adapters.sagemaker.hosts import (
    check_component_name,
    component_url,
    invocation_urls,
    native_urls,
    runtime_host,
)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "runtime.sagemaker.us-east-1.amazonaws.com"),
        ("eu-west-1", "runtime.sagemaker.eu-west-1.amazonaws.com"),
        ("mx-central-1", "runtime.sagemaker.mx-central-1.amazonaws.com"),
        ("xx-future-9", "runtime.sagemaker.xx-future-9.amazonaws.com"),
        ("cn-north-1", "runtime.sagemaker.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "runtime.sagemaker.us-gov-west-1.amazonaws.com"),
        ("eusc-de-east-1", "runtime.sagemaker.eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", "runtime.sagemaker.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "runtime.sagemaker.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", "runtime.sagemaker.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", "runtime.sagemaker.us-isof-south-1.csp.hci.ic.gov"),
    ],
)
def test_host_of_a_region(region: str, host: str) -> None:
    """Each partition has its own suffix; unknown regions are commercial ones."""
    assert runtime_host(region) == host


def test_default_urls() -> None:
    """Without a base URL both operations are on the region's own host."""
    urls = invocation_urls("my-endpoint", "eu-west-1")
    root = "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/my-endpoint"
    assert urls == (f"{root}/invocations", f"{root}/invocations-response-stream")


@pytest.mark.parametrize(
    ("base", "root"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/endpoints/ep"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/endpoints/ep"),
        ("https://gw.example/sm%20x/y/", "https://gw.example/sm%20x/y/endpoints/ep"),
        ("https://h/endpoints/other/invocations", "https://h/endpoints/other"),
        ("https://h/endpoints/other/invocations-response-stream", "https://h/endpoints/other"),
        ("http://localhost:8080/invocations", "http://localhost:8080"),
        ("https://h/endpoints/other/openai/v1/chat/completions", "https://h/endpoints/other"),
        ("https://h/openai/v1/chat/completions/", "https://h"),
        ("http://[::1]:8080", "http://[::1]:8080/endpoints/ep"),
    ],
)
def test_base_url(base: str, root: str) -> None:
    """A base gets the route appended; a complete URL of any operation has its end switched."""
    urls = invocation_urls("ep", "eu-west-1", base)
    assert urls.invoke == f"{root}/invocations"
    assert urls.stream == f"{root}/invocations-response-stream"
    chat = f"{root}/openai/v1/chat/completions"
    assert native_urls("ep", "eu-west-1", base) == (chat, chat)


@pytest.mark.parametrize(
    ("component", "segment"), [("c-1", "c-1"), ("a/../b?x#y", "a%2F..%2Fb%3Fx%23y")]
)
def test_native_path(component: str, segment: str) -> None:
    """The native path is on the same host; a component is one segment in front of its end."""
    url = native_urls("my-endpoint", "cn-north-1").invoke
    root = "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn/endpoints/my-endpoint"
    assert url == f"{root}/openai/v1/chat/completions"
    own = f"{root}/inference-components/{segment}/openai/v1/chat/completions"
    assert component_url(url, component) == own


@pytest.mark.parametrize(
    "base",
    [
        "",
        "runtime.example",
        "ftp://h/x",
        "https://",
        "https://h:0",
        "https://h:99999",
        "https://h:port",
        "https://[h",
        "https://user:secret@h/",
        "https://h/?x=1",
        "https://h/#x",
        "https://h/a b",
        "https://h/a\r\nX: y",
        "https://h/é",
        "https://h/a/../b",
        "https://h/./b",
        "https://h//b",
        "https://h/endpoints/x",
        "https://h/endpoints/x/other",
        "https://h/endpoints/x/openai/v1/completions",
        "https://h/endpoints/x/inference-components/c/openai/v1/chat/completions",
    ],
)
def test_bad_base_url(base: str) -> None:
    """A URL that can't be signed, or is neither a base nor an operation's, fails at start."""
    with pytest.raises(ConfigError) as caught:
        invocation_urls("ep", "eu-west-1", base)
    assert caught.value.path == ("sagemaker_base_url",)
    assert "secret" not in caught.value.message


BAD_NAMES = [
    "", "a/b", "..", "?x", "#x", "%2e", "a\r\nb", "a\n", "a" * 64, "-a", "a-", "a_b", "é", "a b",
    "*",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names(name: str) -> None:
    """Names that SageMaker does not allow never reach a URL or a header (C4)."""
    with pytest.raises(ConfigError) as endpoint:
        invocation_urls(name, "eu-west-1")
    assert endpoint.value.path == ("model",)
    with pytest.raises(ConfigError) as component:
        check_component_name(name)
    assert component.value.path == ("model_id",)


def test_a_long_hostile_name_is_refused_at_once() -> None:
    """A megabyte of hyphens costs no time in the pattern."""
    with pytest.raises(ConfigError):
        check_component_name("a" + "-" * 1_000_000)


@pytest.mark.parametrize("name", ["a", "a--b", "A1-2b", "a" * 63])
def test_good_names(name: str) -> None:
    """Names that SageMaker allows are used as they are."""
    assert f"/endpoints/{name}/" in invocation_urls(name, "eu-west-1").invoke
    assert check_component_name(name) == name
