"""What LiteLLM is known to get wrong: what becomes of what the container, or AWS, answers."""

import json

import pytest

from tests.compat import serving
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of

pytestmark = pytest.mark.xdist_group("compat")
USAGE = {"stream_options": {"include_usage": True}}
#: A prompt that is long enough to be taken for an echo.
ASK = [{"role": "user", "content": "Where is the city of Köln?"}]


def test_17_the_container_s_status_is_kept(gateway: Gateway, emulated: Emulated) -> None:
    """A client's fault on `sagemaker/` stays one: its status and words, so that nobody retries."""
    text = '{"error":"Input validation error: too hot","error_type":"validation"}'
    emulated.fault("text", "model_error", status=422, message=text)

    answer = gateway.chat("text")

    assert answer.status_code == 422
    assert error_of(answer)["message"] == "Input validation error: too hot"
    assert error_of(answer)["type"] == "invalid_request_error"


def test_18_a_model_error_is_unwrapped(gateway: Gateway, emulated: Emulated) -> None:
    """AWS's 424 becomes the container's own status, code and param."""
    inner = {"message": "bad top_p", "type": "BadRequestError", "param": "top_p", "code": "odd"}
    emulated.fault("chat", "model_error", status=400, message=json.dumps({"error": inner}))

    answer = gateway.chat("chat")

    assert answer.status_code == 400
    error = error_of(answer)
    assert (error["message"], error["param"], error["code"]) == ("bad top_p", "top_p", "odd")


@pytest.mark.parametrize("model", ["text", "chat"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_19_the_container_s_timeout_is_504(
    gateway: Gateway, emulated: Emulated, model: str, stream: bool
) -> None:
    """AWS's wall, an original status of 0, is a 504, not a 424."""
    emulated.fault(model, "model_error", status=0)

    answer = gateway.post(
        "/v1/chat/completions", {"model": model, "messages": HELLO, "stream": stream}
    )

    assert (answer.status_code, error_of(answer)["type"]) == (504, "timeout_error")


@pytest.mark.parametrize("message", [None, "Rate exceeded"], ids=["null", "text"])
@pytest.mark.parametrize("code", ["ThrottlingException", "TooManyRequestsException"])
def test_20_throttling_is_429(
    gateway: Gateway, emulated: Emulated, message: str | None, code: str
) -> None:
    """Throttling that AWS sends as 400, with or without a message, is 429 with `Retry-After`."""
    emulated.fault("text", "throttling", status=400, message=message, code=code)

    answer = gateway.chat("text")

    assert (answer.status_code, error_of(answer)["type"]) == (429, "rate_limit_error")
    assert int(answer.headers["retry-after"]) > 0


def test_21_no_capacity_is_503(gateway: Gateway, emulated: Emulated) -> None:
    """A component without a copy is a 503 that says when to come back, not the caller's 400."""
    emulated.fault("text", "no_capacity")

    answer = gateway.chat("text")

    assert (answer.status_code, error_of(answer)["code"]) == (503, "no_capacity")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("model", ["text-tgi", "lmi", "chat", "nova", "shape-choices"])
def test_22_length_is_reported(gateway: Gateway, model: str) -> None:
    """An answer that was cut off says `length`, whole and streamed."""
    whole = gateway.chat(model, max_tokens=2).json()
    stream = gateway.stream(model, max_tokens=2)

    assert [whole["choices"][0]["finish_reason"]] == stream.finishes() == ["length"]


@pytest.mark.parametrize(
    ("model", "source"),
    [("chat", "container"), ("nova", "container"), ("lmi", "estimate"), ("static", "estimate")],
)
def test_23_usage_agrees(gateway: Gateway, model: str, source: str) -> None:
    """Counts are the container's; estimates are marked; a stream counts as the whole answer."""
    answer = gateway.chat(model)
    whole = answer.json()["usage"]
    streamed = gateway.stream(model, **USAGE).chunks[-1]["usage"]

    assert answer.headers["x-sagegate-usage-source"] == source
    assert whole.get("estimated", False) is (source == "estimate")
    assert whole == streamed


def test_23_usage_comes_from_details(gateway: Gateway) -> None:
    """TGI's details count the answer exactly, its end mark included, whole and streamed."""
    whole = gateway.chat("text-tgi").json()["usage"]
    streamed = gateway.stream("text-tgi", **USAGE).chunks[-1]["usage"]

    assert whole["completion_tokens"] == streamed["completion_tokens"]
    assert whole["estimated"] is True  # its prompt is not counted
    assert "estimated" not in streamed


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_24_an_unknown_shape_is_502(gateway: Gateway, stream: bool) -> None:
    """What nobody understands is a 502 that names its keys, never a 200 with an empty text."""
    answer = gateway.post(
        "/v1/chat/completions", {"model": "surprise", "messages": HELLO, "stream": stream}
    )

    assert answer.status_code == 502
    assert "surprise" in error_of(answer)["message"]


@pytest.mark.parametrize("shape", serving.TEXT_SHAPES)
def test_25_every_known_shape_is_read(gateway: Gateway, shape: str) -> None:
    """`generation`, `outputs`, OpenAI's own and the others are understood on `sagemaker/`."""
    assert "Where is Köln?" in gateway.text(f"shape-{shape}")


def test_26_an_echo_is_removed(gateway: Gateway) -> None:
    """A prompt at the start of an answer is removed, whatever marks are in it."""
    assert gateway.text("echoes", messages=ASK).startswith(" You said")
    assert (
        gateway.complete("echoes", "Where is the city of Köln?")
        .json()["choices"][0]["text"]
        .startswith(" You said")
    )


def test_27_aws_s_own_words_are_used(gateway: Gateway, emulated: Emulated) -> None:
    """AWS's error type, the container's original status and AWS's codes decide what is answered."""
    seen = []
    for fault, options in (
        ("access_denied", {}),
        ("model_error", {"status": 429}),
        ("throttling", {"code": "SlowDown"}),
        ("service_unavailable", {}),
    ):
        emulated.forget()
        emulated.fault("text", fault, **options)
        answer = gateway.chat("text")
        seen.append((answer.status_code, error_of(answer)["code"]))

    assert seen == [(502, "AccessDeniedException"), (429, "429"), (429, "429"), (503, "503")]


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("access_denied", {}),
        ("expired_token", {}),
        ("validation_error", {"message": "Endpoint e of account 111122223333 not found."}),
        (
            "model_error",
            {"status": 500, "message": 'Traceback (most recent call last):\n  File "/opt/x.py"'},
        ),
        (
            "model_error",
            {"status": 400, "message": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/e"},
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("model", ["text", "chat"])
def test_28_errors_tell_nothing_of_the_inside(
    gateway: Gateway, emulated: Emulated, model: str, fault: str, options: dict[str, object]
) -> None:
    """No traceback, ARN, account, console address or path; no exception's name in front."""
    emulated.fault(model, fault, **options)

    answer = gateway.chat(model)  # every reply is scanned

    message = error_of(answer)["message"].lower()
    assert not any(word in message for word in ("litellm", "exception -", "traceback", "arn:"))
