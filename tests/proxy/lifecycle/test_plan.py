"""What a plan says of its configuration."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from proxy.lifecycle.plan import Plan
from tests.proxy.served import config


@pytest.mark.parametrize(
    "sections",
    [
        {"keys": [{"key": "sk-a-key-of-a-team"}]},
        {"general_settings": {"database_url": "sqlite:////tmp/keys.db"}},
        {"general_settings": {"custom_auth": "own.function"}},
    ],
)
def test_any_kind_of_key_locks_the_gateway(sections: dict[str, Any]) -> None:
    """The banner tells operators of a lock wherever callers meet one, and of none otherwise."""
    assert Plan(config=config(**sections)).key_required
    assert Plan(config=config(), master_key=SecretStr("sk-master")).key_required
    assert not Plan(config=config()).key_required
