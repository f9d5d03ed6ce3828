"""SageMaker's 60 seconds: whole answers collected from a stream once a plain call met them."""

from __future__ import annotations

import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, error_of


@pytest.mark.parametrize("name", ["collecting-chat", "collecting-tgi"])
def test_a_deployment_that_met_the_limit(gateway: Gateway, emulated: Emulated, name: str) -> None:
    """After the container's timeout whole answers come from the streaming operation, and alike."""
    plain = gateway.chat(name).json()
    emulated.fault(name, "model_error", status=0, operation="invoke")
    late = gateway.chat(name)
    collected = gateway.chat(name)

    assert (late.status_code, error_of(late)["type"]) == (504, "timeout_error")
    assert emulated.operations() == ["invoke", "invoke", "stream"]
    answer = collected.json()
    assert (answer["object"], answer["model"]) == (plain["object"], plain["model"])
    # TGI counts the prompt in its streams only.
    assert answer["usage"]["completion_tokens"] == plain["usage"]["completion_tokens"]
    for one, other in zip(plain["choices"], answer["choices"], strict=True):
        assert other["message"]["content"] == one["message"]["content"]
        assert other["finish_reason"] == one["finish_reason"]
