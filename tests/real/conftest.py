"""Fixtures: containers, emulator and gateway as processes, and OpenAI's client in front of them."""

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import pytest
from openai import OpenAI

from tests.real import embedder, runtime
from tests.real.processes import running
from tests.real.stage import Stage, staged

_EXACTLY = {"aws_sagemaker_allow_zero_temp": True}
#: Both say what `runtime.TEMPLATE` says, in the words of two settings.
_ROLES: Mapping[str, Any] = {
    "roles": {
        "system": {"post_message": "\n"},
        "user": {"pre_message": "Question: ", "post_message": "\n"},
        "assistant": {"pre_message": "Answer: ", "post_message": "\n"},
    },
    "final_prompt_value": "Answer:",
}
_TEMPLATE: Mapping[str, Any] = {"chat_template": runtime.TEMPLATE}
_LANGUAGE: Mapping[str, Mapping[str, Any]] = {
    "gemma": {"model": "sagemaker_chat/gemma"},
    "gemma-cut": {"model": "sagemaker_chat/gemma", "stream_mode": "fake"},
    "gemma-native": {"model": "sagemaker/openai/gemma"},
    "gemma-tgi": {"model": "sagemaker/gemma", "format": "tgi", **_TEMPLATE, **_EXACTLY},
    "gemma-unnamed": {"model": "sagemaker/gemma", **_ROLES, **_EXACTLY},
}
_VECTORS: Mapping[str, Mapping[str, Any]] = {
    "rows": {"model": "sagemaker/rows"},
    "rows-cut": {"model": "sagemaker/rows", "allowed_openai_params": ["dimensions"]},
    "tokens": {"model": "sagemaker/tokens"},
    "tokens-first": {"model": "sagemaker/tokens", "embedding_pooling": "first"},
    "openai": {"model": "sagemaker/openai/vectors"},
}


def _need(packages: tuple[str, ...]) -> None:
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: pip install --group real, or make test-real")


@pytest.fixture(scope="session")
def container() -> Iterator[str]:
    """The container of the language model, which answers one request at a time."""
    _need(runtime.PACKAGES)
    with running("tests.real.container") as url:
        yield url


@pytest.fixture(scope="session")
def language(container: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The language model under every dialect that its container speaks."""
    with staged(tmp_path_factory.mktemp("language"), {"gemma": container}, _LANGUAGE) as stage:
        yield stage


@pytest.fixture(scope="session")
def client(language: Stage) -> OpenAI:
    """OpenAI's client, which does not try twice, pointed at the language model's gateway."""
    return language.client


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    """A client whose model `gemma-native` writes two choices at a time."""
    _need(runtime.PACKAGES)
    with (
        running("tests.real.container", "--slots", "2") as url,
        staged(tmp_path_factory.mktemp("pair"), {"gemma": url}, _LANGUAGE) as stage,
    ):
        yield stage.client


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The embedding model in every shape of answer."""
    _need(embedder.PACKAGES)
    with running("tests.real.embedder") as url:
        shapes = {"rows": "rows", "tokens": "tokens", "vectors": "openai"}
        containers = {name: f"{url}/{path}" for name, path in shapes.items()}
        with staged(tmp_path_factory.mktemp("vectors"), containers, _VECTORS) as stage:
            yield stage


@pytest.fixture(scope="session")
def minilm() -> Any:
    """The embedding model itself, without a gateway, a container or a socket."""
    _need(embedder.PACKAGES)
    return embedder.load()


@pytest.fixture
def until_cut(language: Stage) -> Callable[[], None]:
    """Waits until the gateway has given up a call since the test began; raises if it does not."""
    language.emulator.delete("/_emulator/requests").raise_for_status()

    def wait() -> None:
        language.emulator.get("/_emulator/open?cut=1&open=0").raise_for_status()

    return wait
