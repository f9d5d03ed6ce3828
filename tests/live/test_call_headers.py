"""The headers that tell how a call went, on whole answers, streams and errors."""

from __future__ import annotations

import httpx
import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway
from tests.live.leaks import MASTER_KEY, REGION

API_BASE = "x-litellm-model-api-base"
SLOW = 0.5


def milliseconds(headers: httpx.Headers, name: str) -> float:
    return float(headers[f"x-litellm-{name}-duration-ms"])


@pytest.mark.parametrize("stream", [False, True])
def test_the_overhead_is_not_the_endpoints_time(
    gateway: Gateway, emulated: Emulated, stream: bool
) -> None:
    """A slow endpoint makes the answer late, and is no overhead of the gateway's."""
    emulated.fault("chat", "slow_first_byte", seconds=SLOW)
    headers = gateway.chat("chat", stream=stream, timeout=77).headers
    assert milliseconds(headers, "response") >= SLOW * 1000
    overhead = milliseconds(headers, "overhead")
    assert 0 <= overhead <= milliseconds(headers, "response") - SLOW * 1000 + 1
    assert headers["x-litellm-timeout"] == "77"
    assert headers["x-litellm-model-region"] == REGION
    assert headers["x-litellm-model-id"] == "the-chat-deployment"
    assert API_BASE not in headers


def test_errors_have_them_too(gateway: Gateway, emulated: Emulated) -> None:
    """Whoever looks for a failure finds the deployment, and how long it took."""
    emulated.fault("chat", "throttling", times=1)
    answer = gateway.chat("chat")
    assert answer.status_code == 429
    assert milliseconds(answer.headers, "response") >= milliseconds(answer.headers, "overhead") > 0
    assert answer.headers["x-litellm-model-id"] == "the-chat-deployment"
    assert answer.headers["x-litellm-model-region"] == REGION


@pytest.mark.parametrize("fails", [False, True])
def test_an_administrator_sees_the_address(
    locked: Gateway, emulated: Emulated, fails: bool
) -> None:
    """The URL that was called is for the master key."""
    if fails:
        emulated.fault("chat", "throttling", times=1)
    headers = {"authorization": f"Bearer {MASTER_KEY}"}
    body = {"model": "chat", "messages": HELLO}
    answer = locked.http.post("/v1/chat/completions", json=body, headers=headers)
    assert answer.is_success is not fails
    assert answer.headers[API_BASE] == f"{emulated.url}/endpoints/chat/invocations"
