"""How a model string is spelled: a route, an endpoint's name, and its inference component's.

Refuses to know whether the names are ones that SageMaker allows.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

#: What stands before the first slash; LiteLLM's `custom_llm_provider`.
Provider = Literal["sagemaker", "sagemaker_chat", "sagemaker_nova"]
#: What an endpoint speaks where no format is named.
Route = Literal[Provider, "sagemaker/openai"]

_PROVIDERS: Final[dict[str, Provider]] = {name: name for name in get_args(Provider)}
#: LiteLLM's mark, behind `sagemaker/`, of an endpoint with OpenAI's own bodies.
_OPENAI: Final = "openai/"

_EXPECTED: Final = (
    "expected sagemaker/<endpoint-name>, sagemaker_chat/<endpoint-name>, "
    "sagemaker_nova/<endpoint-name> or sagemaker/openai/<endpoint-name>"
)


class Address(NamedTuple):
    """A model string, taken apart."""

    route: Route
    endpoint: str
    component: str | None = None


def parse_model(model: str, provider: Provider | None = None) -> Address:
    """Split a model string into route, endpoint name and inference component.

    Args:
        model: Such as `sagemaker/my-endpoint` or `sagemaker/my-endpoint/my-component`; with a
            provider also without its first part.
        provider: The route, where the model does not say it.

    Raises:
        ValueError: it names no route or no endpoint.
    """
    prefix, slash, rest = model.partition("/")
    if provider is not None and (not slash or not _looks_like_provider(prefix)):
        return _address(provider, model)
    named = _provider(prefix if slash else "")
    if provider is not None and provider != named:
        raise ValueError(f"begins with {named}/ but custom_llm_provider is {provider}")
    return _address(named, rest)


def _looks_like_provider(prefix: str) -> bool:
    return prefix.replace("-", "_") in _PROVIDERS


def _provider(prefix: str) -> Provider:
    if prefix in _PROVIDERS:
        return _PROVIDERS[prefix]
    meant = prefix.replace("-", "_")
    if meant in _PROVIDERS:
        raise ValueError(f"{prefix}/ is not a route; {_EXPECTED} (did you mean {meant}/?)")
    raise ValueError(_EXPECTED)


def _address(provider: Provider, name: str) -> Address:
    route: Route = provider
    if provider == "sagemaker" and name.startswith(_OPENAI):
        route, name = "sagemaker/openai", name.removeprefix(_OPENAI)
    endpoint, slash, component = name.partition("/")
    if not endpoint or (slash and not component):
        raise ValueError(_EXPECTED)
    return Address(route, endpoint, component or None)
