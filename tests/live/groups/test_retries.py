"""Further tries, from outside: how often, after how long, within which time, and what is told."""

import time

import openai
import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of


def test_the_answer_tells_the_retries(gateway: Gateway, emulated: Emulated) -> None:
    """How often, and which deployment of which model answered in the end."""
    emulated.fault("one", "internal_failure", times=1)

    answer = gateway.chat("alone-headers")

    assert answer.status_code == 200
    told = {name: answer.headers[f"x-litellm-{name}"] for name in TOLD}
    assert told == dict(zip(TOLD, ("1", "0", "alone-headers-only", "alone-headers"), strict=True))
    assert "x-should-retry" not in answer.headers


TOLD = ("attempted-retries", "attempted-fallbacks", "model-id", "model-group")


def test_a_failure_tells_that_it_was_tried_again(gateway: Gateway, emulated: Emulated) -> None:
    """Also which deployment it was; and clients are asked not to multiply it."""
    emulated.fault("one", "service_unavailable")

    answer = gateway.chat("alone-errors", num_retries=1)

    assert answer.status_code == 503
    told = {name: answer.headers[f"x-litellm-{name}"] for name in TOLD}
    assert told == dict(zip(TOLD, ("1", "0", "alone-errors-only", "alone-errors"), strict=True))
    assert answer.headers["x-should-retry"] == "false"
    assert answer.headers["retry-after"] == "5"
    assert len(emulated.requests()) == 2


@pytest.mark.parametrize("by_header", [False, True])
@pytest.mark.parametrize("retries", [0, 1])
def test_a_request_says_how_often(
    gateway: Gateway, emulated: Emulated, retries: int, by_header: bool
) -> None:
    """In its body or its headers; none at all leaves the choice to the client."""
    emulated.fault("one", "internal_failure")
    body = {"model": "alone", "messages": HELLO}

    answer = gateway.post(
        "/v1/chat/completions",
        body if by_header else {**body, "num_retries": retries},
        {"x-litellm-num-retries": str(retries)} if by_header else None,
    )

    assert answer.status_code == 500
    assert len(emulated.requests()) == retries + 1
    assert answer.headers.get("x-should-retry") == (None if retries == 0 else "false")


def test_retry_after_is_obeyed(gateway: Gateway, emulated: Emulated) -> None:
    """The next try waits as long as AWS asks (case G6)."""
    emulated.fault("one", "throttling", times=1, retry_after=2)
    began = time.monotonic()

    answer = gateway.chat("alone-advice")

    assert answer.status_code == 200
    assert 2 <= time.monotonic() - began < 20
    assert len(emulated.requests()) == 2


def test_a_clients_fault_is_tried_once(gateway: Gateway, emulated: Emulated) -> None:
    """Neither again nor elsewhere."""
    emulated.fault("one", "model_error", status=422, message="no")

    assert gateway.chat("pair").status_code == 422
    assert len(emulated.requests()) == 1


def test_a_stream_is_tried_again_before_its_first_chunk(
    gateway: Gateway, emulated: Emulated
) -> None:
    """A sibling's stream arrives whole, with the status and headers of a good one (case F3)."""
    emulated.fault("one", "stream_error", after=0, times=1)

    stream = gateway.stream("pair-stream")

    assert (stream.status, stream.done, stream.error) == (200, True, None)
    assert stream.headers["x-litellm-attempted-retries"] == "1"
    assert stream.headers["x-litellm-model-id"] == "pair-stream-two"


def test_a_stream_is_never_tried_again_after_it(gateway: Gateway, emulated: Emulated) -> None:
    """What broke later ends as an SSE error; no other deployment, no other model (case G10)."""
    emulated.fault("one", "stream_error", after=3, times=1)

    stream = gateway.stream("pair-cut", fallbacks=["third"])

    assert stream.status == 200
    assert stream.error is not None
    assert not stream.done
    assert len(emulated.requests()) == 1


def test_the_deadline_covers_all_tries(gateway: Gateway, emulated: Emulated) -> None:
    """`timeout: 2` is over in two seconds, however many tries there may be (case G11)."""
    emulated.fault("one", "internal_failure", times=1)
    emulated.fault("one", "slow_first_byte", seconds=60)
    began = time.monotonic()

    answer = gateway.chat("hurried", num_retries=5)

    assert answer.status_code == 408
    assert error_of(answer)["type"] == "timeout_error"
    assert answer.headers["x-litellm-attempted-retries"] == "1"
    assert answer.headers["x-should-retry"] == "false"
    assert time.monotonic() - began < 8
    assert emulated.counts(open=0)["open"] == 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("by_header", [False, True])
def test_a_request_may_ask_for_less_time(
    gateway: Gateway, emulated: Emulated, stream: bool, by_header: bool
) -> None:
    """In its body or its headers; the deployment is not blamed for it."""
    emulated.fault("one", "slow_first_byte", seconds=60)
    body = {"model": "pair-late", "messages": HELLO, "stream": stream}
    name = "stream_timeout" if stream else "timeout"

    for _ in range(2):
        answer = gateway.post(
            "/v1/chat/completions",
            body if by_header else {**body, name: 0.5, "num_retries": 0},
            HEADERS[name] if by_header else None,
        )
        assert answer.status_code == 408
        assert answer.headers["x-litellm-model-id"] == "pair-late-one"


HEADERS = {
    "timeout": {"x-litellm-timeout": "0.5", "x-litellm-num-retries": "0"},
    "stream_timeout": {"x-litellm-stream-timeout": "0.5", "x-litellm-num-retries": "0"},
}


@pytest.mark.parametrize("header", ["timeout", "stream-timeout", "num-retries"])
def test_wishes_that_make_no_sense(gateway: Gateway, emulated: Emulated, header: str) -> None:
    """A 400 that names them; nothing is sent."""
    answer = gateway.post(
        "/v1/chat/completions",
        {"model": "alone", "messages": HELLO},
        {f"x-litellm-{header}": "soon"},
    )

    assert answer.status_code == 400
    assert error_of(answer)["param"] == f"x-litellm-{header}"
    assert emulated.requests() == []


def test_the_openai_package_does_not_multiply_retries(gateway: Gateway, emulated: Emulated) -> None:
    """It would try three times for each of the gateway's: told not to, it does not."""
    emulated.fault("one", "internal_failure")
    with (
        openai.OpenAI(api_key="x", base_url=f"{gateway.url}/v1", max_retries=2) as client,
        pytest.raises(openai.InternalServerError) as caught,
    ):
        client.chat.completions.create(
            model="sdk-alone", messages=[{"role": "user", "content": "Hi"}]
        )

    assert caught.value.response.headers["x-litellm-attempted-retries"] == "2"
    assert len(emulated.requests()) == 3
