"""Settings that become signed headers: their forms, their conflicts, what they do to streams."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import HeaderSources
from adapters.deployment.address import parse_model
from adapters.deployment.compose import Composed, aws_settings, compose
from adapters.deployment.headers import HEADER_SETTINGS, ClientHeaders
from adapters.deployment.settings import Settings
from adapters.errors import ConfigError
from tests.adapters.deployment.composing import ENVIRON, composed

NAME = "X-Amzn-SageMaker-"
EXAMPLES = {
    "custom_attributes": ("Custom-Attributes", "accept_eula=true"),
    "target_model": ("Target-Model", "model a.tar.gz"),
    "target_variant": ("Target-Variant", "blue-1"),
    "target_container": ("Target-Container-Hostname", "second"),
    "session_id": ("Session-Id", "s" * 256),
    "prefix_aware_id": ("Prefix-Aware-Id", "team a"),
    "inference_id": ("Inference-Id", "i" * 64),
    "enable_explanations": ("Enable-Explanations", "`true`"),
}


def with_clients(clients: ClientHeaders, **settings: Any) -> Composed:
    read = Settings.model_validate(settings)
    address = parse_model("sagemaker/e")
    return compose("m", address, read, aws_settings(read, ENVIRON), clients=clients)


@pytest.mark.parametrize("setting", HEADER_SETTINGS)
def test_each_setting_is_its_header(setting: str) -> None:
    """A setting and the same header under `extra_headers` are one thing."""
    name, value = EXAMPLES[setting]
    expected = ((NAME + name, value),)
    assert composed(**{setting: value}).target.headers == expected
    extra = {(NAME + name).lower(): value}
    assert composed(extra_headers=extra).target.headers == expected


@pytest.mark.parametrize("setting", HEADER_SETTINGS)
def test_one_header_has_one_setting(setting: str) -> None:
    """Setting a header in both ways is an error that names the setting."""
    name, value = EXAMPLES[setting]
    with pytest.raises(ConfigError) as caught:
        composed(**{setting: value, "extra_headers": {NAME + name: value}})
    assert caught.value.path == (setting,)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("custom_attributes", "a" * 1025),
        ("custom_attributes", " a"),
        ("target_model", "a" * 1025),
        ("target_model", "a\tb"),
        ("target_variant", "a_b"),
        ("target_variant", "-a"),
        ("target_variant", "a" * 64),
        ("target_container", "a.b"),
        ("session_id", "a" * 257),
        ("session_id", "NEW_SESSIONS"),
        ("session_id", "a" + "-" * 255),
        ("prefix_aware_id", "a" * 65),
        ("prefix_aware_id", "é"),
        ("inference_id", "a\r\nb"),
        ("inference_id", "a" * 65),
        ("enable_explanations", "a" * 65),
        ("enable_explanations", "a\nb"),
    ],
)
def test_values_have_awss_forms(setting: str, value: str) -> None:
    """What AWS would refuse is refused at start, with the setting's name and the form."""
    with pytest.raises(ConfigError, match="expected") as caught:
        composed(**{setting: value})
    assert caught.value.path == (setting,)


@pytest.mark.parametrize(
    ("settings", "meant"),
    [
        ({"prefix_aware_id": "from_keys"}, "from_key"),
        ({"custom_attributes": "from_tracepaernt"}, "from_traceparent"),
        ({"prefix_aware_id": "from_prompt_cache_kye"}, "from_prompt_cache_key"),
        ({"extra_headers": {f"{NAME}Targt-Variant": "a"}}, f"{NAME}Target-Variant"),
    ],
)
def test_slips_of_the_pen(settings: dict[str, Any], meant: str) -> None:
    """What is nearly a name is not sent as it is: the error says which was meant."""
    with pytest.raises(ConfigError, match=f"did you mean {meant}") as caught:
        composed(**settings)
    assert caught.value.path[0] == next(iter(settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"target_model": "m"},
        {"enable_explanations": "`true`"},
        {"session_id": "NEW_SESSION"},
        {"extra_headers": {f"{NAME}Target-Model": "m"}},
    ],
)
def test_what_streams_do_not_have_is_never_streamed(settings: dict[str, Any]) -> None:
    """Such a deployment cuts its streams, and `stream_mode: real` beside it is an error."""
    assert composed(**settings).stream_mode == "fake"
    with pytest.raises(ConfigError) as caught:
        composed(**settings, stream_mode="real")
    assert caught.value.path[0] == next(iter(settings))
    assert composed(session_id="s", stream_mode="real").stream_mode == "real"


@pytest.mark.parametrize(
    ("settings", "sources"),
    [
        ({}, HeaderSources(inference_id=True)),
        ({"inference_id": False}, HeaderSources()),
        ({"inference_id": "fixed"}, HeaderSources()),
        ({"extra_headers": {f"{NAME}Inference-Id": "fixed"}}, HeaderSources()),
        (
            {"prefix_aware_id": "from_key"},
            HeaderSources(inference_id=True, prefix_id="from_key"),
        ),
        (
            {"custom_attributes": "from_traceparent"},
            HeaderSources(inference_id=True, traceparent=True),
        ),
        (
            {"prefix_aware_id": "from_prompt_cache_key", "inference_id": True},
            HeaderSources(inference_id=True, prefix_id="from_prompt_cache_key"),
        ),
    ],
)
def test_what_requests_add(settings: dict[str, Any], sources: HeaderSources) -> None:
    """The gateway's own id is sent unless the deployment says otherwise."""
    target = composed(**settings).target
    assert target.header_sources == sources
    assert not {NAME + "Prefix-Aware-Id", NAME + "Custom-Attributes"} & dict(target.headers).keys()


def test_a_trace_and_a_clients_attributes_exclude_each_other() -> None:
    """What says where a request stands in a trace is not the client's to say."""
    listed = ClientHeaders(allowed=(f"{NAME}Custom-Attributes",))
    with pytest.raises(ConfigError, match="custom_attributes sets this header already"):
        with_clients(listed, custom_attributes="from_traceparent")


def test_a_made_prefix_id_and_a_fixed_one_exclude_each_other() -> None:
    """`from_key` and a header of that name would both speak."""
    with pytest.raises(ConfigError) as caught:
        composed(prefix_aware_id="from_key", extra_headers={f"{NAME}Prefix-Aware-Id": "x"})
    assert caught.value.path == ("prefix_aware_id",)


def test_clients_may_send_what_is_listed() -> None:
    """Names compare without case; nothing is let through unless it is listed."""
    assert with_clients(ClientHeaders()).target.header_sources.client == frozenset()
    listed = ClientHeaders(allowed=("x-amzn-sagemaker-session-id", f"{NAME}Target-Model"))
    made = with_clients(listed)
    assert made.target.header_sources.client == {
        "x-amzn-sagemaker-session-id",
        "x-amzn-sagemaker-target-model",
    }
    assert made.stream_mode == "auto"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        (f"{NAME}Inference-Component", {}),
        (f"{NAME}Inference-Id", {}),
        (f"{NAME}Content-Type", {}),
        ("Authorization", {}),
        (f"{NAME}Session-Id", {"session_id": "s"}),
        (f"{NAME}Session-Id", {"extra_headers": {f"{NAME}Session-Id": "s"}}),
        (f"{NAME}Prefix-Aware-Id", {"prefix_aware_id": "from_key"}),
    ],
)
def test_what_clients_may_never_send(name: str, settings: dict[str, Any]) -> None:
    """The component, the gateway's own id, foreign headers, and what the deployment sets itself."""
    with pytest.raises(ConfigError) as caught:
        with_clients(ClientHeaders(allowed=(f"{NAME}Custom-Attributes", name)), **settings)
    assert caught.value.path == ("allowed_client_headers", 1)


def test_forwarding_lets_three_headers_through() -> None:
    """LiteLLM's switch covers what chooses neither code nor place; the deployment's own stay."""
    forwarded = ClientHeaders(forwarded=True)
    assert with_clients(forwarded).target.header_sources.client == {
        "x-amzn-sagemaker-custom-attributes",
        "x-amzn-sagemaker-session-id",
        "x-amzn-sagemaker-prefix-aware-id",
    }
    own = with_clients(forwarded, custom_attributes="a", prefix_aware_id="from_key")
    assert own.target.header_sources.client == {"x-amzn-sagemaker-session-id"}


@pytest.mark.parametrize("route", ["sagemaker", "sagemaker_chat", "sagemaker_nova"])
def test_a_component_may_stand_in_the_model_string(route: str) -> None:
    """`<route>/<endpoint>/<component>` is short for `model_id`, which may repeat it."""
    made = composed(f"{route}/e/c")
    assert (made.target.endpoint, made.target.inference_component) == ("e", "c")
    assert made.target.invoke_url.endswith("/endpoints/e/invocations")
    assert composed(f"{route}/e/c", model_id="c").target.inference_component == "c"


@pytest.mark.parametrize(
    ("model", "settings", "key"),
    [
        ("sagemaker_chat/e/c", {"model_id": "d"}, "model_id"),
        ("sagemaker_chat/e/c_d", {}, "model"),
        ("sagemaker/openai/e/c/d", {}, "model"),
    ],
)
def test_a_component_is_named_once(model: str, settings: dict[str, Any], key: str) -> None:
    """Two different components, or a name that AWS would refuse, are errors at start."""
    with pytest.raises(ConfigError) as caught:
        composed(model, **settings)
    assert caught.value.path == (key,)
