"""How model strings are spelled."""

from __future__ import annotations

import pytest

from adapters.deployment.address import Address, Provider, parse_model


@pytest.mark.parametrize(
    ("model", "provider", "address"),
    [
        ("sagemaker/e", None, ("sagemaker", "e", None)),
        ("sagemaker_chat/e", None, ("sagemaker_chat", "e", None)),
        ("sagemaker_nova/e", None, ("sagemaker_nova", "e", None)),
        ("sagemaker/openai/e", None, ("sagemaker/openai", "e", None)),
        ("e", "sagemaker_chat", ("sagemaker_chat", "e", None)),
        ("openai/e", "sagemaker", ("sagemaker/openai", "e", None)),
        ("sagemaker/e", "sagemaker", ("sagemaker", "e", None)),
        ("sagemaker/e/c", None, ("sagemaker", "e", "c")),
        ("sagemaker_chat/e/c", None, ("sagemaker_chat", "e", "c")),
        ("sagemaker_nova/e/c", None, ("sagemaker_nova", "e", "c")),
        ("sagemaker/openai/e/c", None, ("sagemaker/openai", "e", "c")),
        ("sagemaker_chat/openai/c", None, ("sagemaker_chat", "openai", "c")),
        ("e/c", "sagemaker_chat", ("sagemaker_chat", "e", "c")),
        ("openai/e/c", "sagemaker", ("sagemaker/openai", "e", "c")),
        ("sagemaker/e/c/d", None, ("sagemaker", "e", "c/d")),
    ],
)
def test_a_model_string_has_a_route_and_a_name(
    model: str, provider: Provider | None, address: Address
) -> None:
    """What stands before the first slash is the route; the names are judged elsewhere."""
    assert parse_model(model, provider) == address


@pytest.mark.parametrize(
    ("model", "provider", "words"),
    [
        ("e", None, "expected sagemaker/"),
        ("", None, "expected sagemaker/"),
        ("sagemaker/", None, "expected sagemaker/"),
        ("", "sagemaker", "expected sagemaker/"),
        ("sagemaker/openai/", None, "expected sagemaker/"),
        ("bedrock/e", None, "expected sagemaker/"),
        ("sagemaker/e/", None, "expected sagemaker/"),
        ("sagemaker//c", None, "expected sagemaker/"),
        ("sagemaker-chat/e", "sagemaker_chat", "did you mean sagemaker_chat/"),
        ("sagemaker-nova/e", None, "did you mean sagemaker_nova/"),
        ("sagemaker/e", "sagemaker_chat", "custom_llm_provider is sagemaker_chat"),
    ],
)
def test_anything_else_is_refused(model: str, provider: Provider | None, words: str) -> None:
    """A string that names no route or no endpoint says how one is spelled."""
    with pytest.raises(ValueError, match=words):
        parse_model(model, provider)
