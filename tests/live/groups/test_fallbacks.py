"""Other models in a failed one's place, from outside."""

import openai
import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of

LONG = [{"role": "user", "content": "word " * 100}]
ONCE = {"num_retries": 0}


@pytest.mark.parametrize("stream", [False, True])
def test_the_next_model_answers(gateway: Gateway, emulated: Emulated, stream: bool) -> None:
    """In the configured order; the answer tells how many were asked, and which one answered."""
    for name in ("one", "two"):
        emulated.fault(name, "internal_failure")

    answer = gateway.post(
        "/v1/chat/completions", {"model": "first", "messages": HELLO, "stream": stream, **ONCE}
    )

    assert answer.status_code == 200
    assert answer.headers["x-litellm-attempted-fallbacks"] == "2"
    assert answer.headers["x-litellm-model-group"] == "third"
    assert answer.headers["x-litellm-model-id"] == "third-only"


def test_a_wildcards_model_stands_in(gateway: Gateway) -> None:
    """A name that nothing but a pattern has is as good as any."""
    answer = gateway.chat("lost", **ONCE)

    assert answer.status_code == 200
    assert answer.headers["x-litellm-model-group"] == "sm/four"


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_is_too_long(gateway: Gateway, emulated: Emulated, stream: bool) -> None:
    """The container's own complaint sends it to the longer model; it is not tried again first."""
    body = {"model": "short", "messages": LONG, "stream": stream}
    answer = gateway.post("/v1/chat/completions", body)

    assert answer.status_code == 200
    assert answer.headers["x-litellm-model-group"] == "third"
    assert answer.headers["x-litellm-attempted-retries"] == "0"
    assert len(emulated.requests("short")) == 1


def test_a_request_says_who_stands_in(gateway: Gateway, emulated: Emulated) -> None:
    """Its own list, or nobody; an unknown model is refused before anything is sent."""
    emulated.fault("one", "internal_failure")
    answer = gateway.chat("first", fallbacks=["third"], **ONCE)
    assert answer.headers["x-litellm-model-group"] == "third"
    assert answer.headers["x-litellm-attempted-fallbacks"] == "1"

    answer = gateway.chat("first", disable_fallbacks=True, **ONCE)
    assert answer.status_code == 500
    assert answer.headers["x-litellm-attempted-fallbacks"] == "0"

    emulated.forget()
    answer = gateway.chat("first", fallbacks=["nobody"])
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "model_not_found"
    assert emulated.requests() == []


def test_a_clients_fault_stays_where_it_is(gateway: Gateway, emulated: Emulated) -> None:
    """No other model is asked what this one refuses."""
    emulated.fault("one", "model_error", status=422, message="no")

    assert gateway.chat("first").status_code == 422
    assert len(emulated.requests()) == 1


def test_the_openai_package(gateway: Gateway, emulated: Emulated) -> None:
    """Fallbacks of a request go through `extra_body`; the answer is an ordinary one."""
    emulated.fault("one", "throttling")
    with openai.OpenAI(api_key="x", base_url=f"{gateway.url}/v1", max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(
            model="first",
            messages=[{"role": "user", "content": "Where is Köln?"}],
            extra_body={"fallbacks": ["third"], "num_retries": 0},
        )

    assert raw.headers["x-litellm-model-group"] == "third"
    assert "Köln" in (raw.parse().choices[0].message.content or "")
