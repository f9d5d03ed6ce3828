"""Fixtures: a gateway process with keys of the configuration and of a database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.keys.counter import Counter, general
from tests.live.lifecycle.stage import File
from tests.proxy.jwt.identity import Identity, provided

STATIC = "sk-static-key-of-team-s"
#: Known to the operator's own function only; the second one is an administrator's.
CUSTOM = "sk-known-to-the-function-only"
CUSTOM_ADMIN = "sk-an-administrator-of-the-function"
ADMIN_SCOPE = "gateway.admin"
_FUNCTION = f"""
def who_calls(request, api_key):
    roles = {{"{CUSTOM}": "internal_user", "{CUSTOM_ADMIN}": "proxy_admin"}}
    return {{"key_alias": "custom", "user_role": roles[api_key], "models": ["chat"]}}
"""


@pytest.fixture(scope="module")
def identity() -> Iterator[Identity]:
    """An identity provider whose tokens the gateway takes."""
    with provided() as identity:
        yield identity


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, emulator_process: Emulated, identity: Identity
) -> Iterator[Gateway]:
    """One gateway with two models, and keys of every kind: its own, tokens, a function's."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "my_auth.py").write_text(_FUNCTION, encoding="utf-8")
    file = File(folder / "config.yaml", emulator_process.url)
    file.write(
        serving.model("chat", "sagemaker_chat/chat", input_cost_per_token=0.5),
        serving.model("other", "sagemaker_chat/chat"),
        keys=[{"key": "os.environ/TEAM_S", "alias": "team-s", "models": ["chat"]}],
        general_settings={
            **general(f"sqlite:///{folder / 'keys.db'}"),
            **identity.settings(models_jwt_field="models", admin_jwt_scope=ADMIN_SCOPE),
            "custom_auth": "my_auth.who_calls",
        },
    )
    with file.served("--detailed_debug", TEAM_S=STATIC) as served:
        yield served


@pytest.fixture
def counter(gateway: Gateway) -> Counter:
    """The administrator's counter of that gateway."""
    return Counter(gateway)


@pytest.fixture
def file(tmp_path: Path, emulated: Emulated) -> File:
    """A file of the test's own, with a database beside it."""
    file = File(tmp_path / "config.yaml", emulated.url)
    file.write(
        serving.model("chat", "sagemaker_chat/chat", input_cost_per_token=0.5),
        general_settings=general(f"sqlite:///{tmp_path / 'keys.db'}"),
    )
    return file
