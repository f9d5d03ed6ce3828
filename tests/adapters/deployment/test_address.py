"""How model strings are spelled."""

from __future__ import annotations

import pytest

from adapters.deployment.address import Address, Provider, parse_model


@pytest.mark.parametrize(
    ("model", "provider", "address"),
    [
        ("sagemaker/e", None, ("sagemaker", "e")),
        ("sagemaker_chat/e", None, ("sagemaker_chat", "e")),
        ("sagemaker_nova/e", None, ("sagemaker_nova", "e")),
        ("sagemaker/openai/e", None, ("sagemaker/openai", "e")),
        ("e", "sagemaker_chat", ("sagemaker_chat", "e")),
        ("openai/e", "sagemaker", ("sagemaker/openai", "e")),
        ("sagemaker/e", "sagemaker", ("sagemaker", "e")),
        ("sagemaker_chat/openai/e", None, ("sagemaker_chat", "openai/e")),
        ("sagemaker/e/f", None, ("sagemaker", "e/f")),
    ],
)
def test_a_model_string_has_a_route_and_a_name(
    model: str, provider: Provider | None, address: Address
) -> None:
    """What stands before the first slash is the route; the name is judged elsewhere."""
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
        ("sagemaker-nova/e", None, "did you mean sagemaker_nova/"),
        ("sagemaker/e", "sagemaker_chat", "custom_llm_provider is sagemaker_chat"),
    ],
)
def test_anything_else_is_refused(model: str, provider: Provider | None, words: str) -> None:
    """A string that names no route or no endpoint says how one is spelled."""
    with pytest.raises(ValueError, match=words):
        parse_model(model, provider)
