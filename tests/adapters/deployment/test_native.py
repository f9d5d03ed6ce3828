"""What `transport: openai_path` makes of a deployment."""

from typing import Any

import pytest

from adapters.deployment.settings import Settings
from adapters.errors import ConfigError
from adapters.passthrough.bridge import CompletionOverChat
from adapters.passthrough.chat import PassThroughChat
from tests.adapters.deployment.composing import composed

NATIVE = {"transport": "openai_path"}


@pytest.mark.parametrize(
    ("model", "settings", "name"),
    [
        ("sagemaker_chat/e", {}, "messages"),
        ("sagemaker/openai/e", {}, "openai"),
        ("sagemaker/e", {"format": "messages"}, "messages"),
    ],
)
def test_what_is_left_of_a_format(model: str, settings: dict[str, Any], name: str) -> None:
    """Chat stays, completions go over chat, and there is nothing else: the path has one route."""
    made = composed(model, **settings, **NATIVE)
    assert made.format.name == name
    assert isinstance(made.format.chat, PassThroughChat)
    assert made.format.completion == CompletionOverChat(made.format.chat)
    assert made.format.embedding is None
    assert made.format.rerank is None
    assert made.aws.transport == "openai_path"


def test_where_it_goes() -> None:
    """Both kinds of answers have one URL; the component stays apart, to be put into it."""
    made = composed("sagemaker_chat/e", model_id="c", **NATIVE)
    url = "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/e/openai/v1/chat/completions"
    assert (made.target.invoke_url, made.target.stream_url) == (url, url)
    assert made.target.inference_component == "c"
    assert made.target.body_model == ""


def test_the_base_url_may_be_complete() -> None:
    """A complete URL of the path is used as it is."""
    url = "https://gw.example/endpoints/other/openai/v1/chat/completions"
    assert composed("sagemaker_chat/e", base_url=url, **NATIVE).target.invoke_url == url


@pytest.mark.parametrize("transport", [{}, {"transport": "invocations"}])
def test_the_default_is_invocations(transport: dict[str, str]) -> None:
    """Nobody is moved to the path unasked."""
    made = composed("sagemaker/openai/e", **transport)
    assert made.target.invoke_url.endswith("/invocations")
    assert made.format.embedding is not None


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("sagemaker/e", {}),
        ("sagemaker_nova/e", {}),
        *(
            ("sagemaker/e", {"format": name})
            for name in ("tgi", "lmi", "tei", "openai_embed", "tei_rerank", "raw", "nova")
        ),
    ],
    ids=str,
)
def test_formats_without_such_a_chat(model: str, settings: dict[str, Any]) -> None:
    """Text, embedding, ranking and Nova containers are refused at start, with the way out."""
    with pytest.raises(ConfigError, match="transport: invocations") as caught:
        composed(model, **settings, **NATIVE)
    assert caught.value.path == ("transport",)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("custom_attributes", "tier=gold"),
        ("extra_headers", {"X-Amzn-SageMaker-Session-Id": "s"}),
    ],
)
def test_headers_are_refused(key: str, value: Any) -> None:
    """A setting that would have no effect is an error, not a surprise."""
    with pytest.raises(ConfigError) as caught:
        composed("sagemaker_chat/e", **{key: value}, **NATIVE)
    assert caught.value.path == (key,)


def test_only_two_transports() -> None:
    """There is no `auto`."""
    with pytest.raises(ValueError, match="invocations"):
        Settings.model_validate({"transport": "auto"})
