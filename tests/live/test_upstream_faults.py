"""Every fault that SageMaker can answer: what our client gets, streaming or not.

The tables of litellm-compat §5 and of SageMaker Runtime's errors §4 and §5.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of

BUSY = {"retry-after": "5"}
OURS = {"x-should-retry": "false"}


@dataclass(frozen=True)
class Case:
    """A fault and the answer that it must become."""

    fault: str
    status: int
    type: str
    code: str
    options: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    message: str | None = None
    param: str | None = None

    def __str__(self) -> str:
        options = "-".join(str(value)[:24] for value in self.options.values())
        return f"{self.fault}-{options}" if options else self.fault


def aws(fault: str, status: int, code: str = "", /, **more: Any) -> Case:
    """A fault of AWS, of the kind that its status says."""
    kinds = {429: "rate_limit_error", 504: "timeout_error", 400: "invalid_request_error"}
    return Case(fault, status, kinds.get(status, "upstream_error"), code or str(status), **more)


def container(original: int, status: int, kind: str, text: str = "", /, **more: Any) -> Case:
    """A container's error, unwrapped from AWS's 424."""
    options: dict[str, Any] = {"status": original}
    if text:
        options["message"] = text
    code = more.pop("code", str(status))
    return Case("model_error", status, kind, code, options=options, **more)


INVALID, FAILED, BUSY_TYPE = "invalid_request_error", "upstream_error", "rate_limit_error"
CASES = [
    aws("validation_error", 400, message="1 validation error detected."),
    Case(
        "validation_error",
        404,
        INVALID,
        "endpoint_not_found",
        options={"message": "Endpoint steady of account 111122223333 not found."},
    ),
    aws("throttling", 429, headers=BUSY),
    aws("throttling", 429, options={"message": "Rate exceeded"}, headers=BUSY),
    *(
        aws("throttling", 429, options={"code": name}, headers=BUSY)
        for name in ("Throttling", "TooManyRequestsException", "SlowDown", "RequestLimitExceeded")
    ),
    aws("throttling", 429, options={"status": 429, "code": "Unheard"}, headers=BUSY),
    aws("throttling", 429, options={"status": 509, "code": "Unheard"}, headers=BUSY),
    aws("model_not_ready", 503, "model_not_ready", headers=BUSY),
    aws("internal_failure", 500),
    aws("service_unavailable", 503, headers=BUSY),
    aws("internal_dependency", 503, headers=BUSY),
    aws("no_capacity", 503, "no_capacity", headers={"retry-after": "30"}),
    aws("access_denied", 502, "AccessDeniedException", headers=OURS),
    aws("expired_token", 502, "ExpiredTokenException", headers=OURS),
    aws("reset", 502, "connection_lost"),
    aws("model_unreadable", 502),
    *(aws("html_page", 502, options={"status": status}) for status in (200, 302, 500, 502)),
    aws("html_page", 502, options={"status": 403}, headers=OURS),
    aws("html_page", 429, options={"status": 429}, headers=BUSY),
    container(0, 504, "timeout_error"),
    *(container(status, status, INVALID) for status in (400, 404, 409, 422)),
    container(408, 408, "timeout_error"),
    container(429, 429, BUSY_TYPE, headers=BUSY),
    container(503, 503, FAILED, headers=BUSY),
    *(container(status, status, FAILED) for status in (500, 501, 502, 504)),
    *(container(status, 502, FAILED) for status in (599, 302)),
    container(
        400,
        400,
        INVALID,
        '{"error":{"message":"bad top_p","type":"BadRequestError","param":"top_p","code":"x_y"}}',
        message="bad top_p",
        param="top_p",
        code="x_y",
    ),
    container(
        400,
        400,
        INVALID,
        '{"object":"error","message":"maximum context length is 10 tokens","code":400}',
        message="maximum context length is 10 tokens",
        code="context_length_exceeded",
    ),
    container(
        422,
        400,
        INVALID,
        '{"error":"`inputs` tokens + `max_new_tokens` must be <= 9","error_type":"validation"}',
        code="context_length_exceeded",
    ),
    container(
        422,
        422,
        INVALID,
        '{"detail":[{"loc":["body","x"],"msg":"field required"}]}',
        message="body.x: field required",
    ),
    container(500, 500, FAILED, '{"code":500,"message":"invoke handler failure","error":"e"}'),
    container(400, 400, INVALID, "plain words", message="plain words"),
    container(400, 400, INVALID, "Inference Component has no capacity to process this request."),
    container(
        400,
        400,
        INVALID,
        json.dumps(
            {
                "error": {
                    "message": "Traceback (most recent call last):\n"
                    '  File "/opt/vllm/engine.py", line 3, in run\n'
                    "ValueError: arn:aws:sagemaker:eu-west-1:111122223333:endpoint/e in account"
                    " 111122223333, see https://eu-west-1.console.aws.amazon.com/cloudwatch/home"
                }
            }
        ),
    ),
]


def check(case: Case, status: int, headers: Any, error: dict[str, Any]) -> None:
    """The answer is the table's, down to the headers that clients obey."""
    assert (status, error["type"], error["code"]) == (case.status, case.type, case.code), error
    obeyed = {name: headers[name] for name in ("retry-after", "x-should-retry") if name in headers}
    assert obeyed == case.headers
    assert headers["content-type"] == "application/json"
    assert error["param"] == case.param
    if case.message is not None:
        assert error["message"] == case.message


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_fault(gateway: Gateway, emulated: Emulated, case: Case, stream: bool) -> None:
    """Before the first byte a fault is JSON with its real status, in OpenAI's shape.

    Nothing of AWS's is in it (every reply is scanned); it is tried once.
    """
    emulated.fault("steady", case.fault, **case.options)

    answer = gateway.post(
        "/v1/chat/completions", {"model": "steady", "messages": HELLO, "stream": stream}
    )

    check(case, answer.status_code, answer.headers, error_of(answer))
    assert len(emulated.requests()) == 1


@pytest.mark.parametrize("case", CASES[:1] + CASES[24:30], ids=str)
def test_fault_on_the_text_route(gateway: Gateway, emulated: Emulated, case: Case) -> None:
    """`sagemaker/` keeps status and message as the chat route does (compat B17)."""
    emulated.fault("steady-tgi", case.fault, **case.options)

    answer = gateway.chat("steady-tgi")

    check(case, answer.status_code, answer.headers, error_of(answer))


@pytest.mark.parametrize("case", [CASES[2], CASES[13], CASES[20]], ids=str)
def test_fault_on_the_embedding_route(gateway: Gateway, emulated: Emulated, case: Case) -> None:
    """Embeddings go through the same table (compat D41)."""
    emulated.fault("embed", case.fault, **case.options)

    answer = gateway.post("/v1/embeddings", {"model": "embed", "input": "x"})

    check(case, answer.status_code, answer.headers, error_of(answer))


def test_the_container_s_own_refusal(gateway: Gateway) -> None:
    """What a real container says of a bad value arrives as it said it (compat B18)."""
    answer = gateway.chat("tgi", top_p=2)

    assert answer.status_code == 422
    assert error_of(answer)["message"] == (
        "Input validation error: `top_p` must be > 0.0 and < 1.0"
    )


def test_a_prompt_beyond_the_context(gateway: Gateway) -> None:
    """Both routes' containers word it differently; the code is OpenAI's."""
    for model in ("tgi", "chat"):
        answer = gateway.chat(model, messages=[{"role": "user", "content": "word " * 9000}])

        assert answer.status_code == 400
        assert error_of(answer)["code"] == "context_length_exceeded"


@pytest.mark.parametrize(
    ("model", "status", "code", "retry"),
    [
        ("missing", 404, "endpoint_not_found", None),
        ("wrong-secret", 502, "InvalidSignatureException", "false"),
        ("wrong-region", 502, None, "false"),
        ("unreachable", 502, "connection_failed", None),
        ("component-none", 400, None, None),
        ("real-only", 502, None, None),
    ],
)
def test_misconfigured_deployments(
    gateway: Gateway, model: str, status: int, code: str | None, retry: str | None
) -> None:
    """What the operator got wrong is never the caller's 401 or 403.

    AWS's error code is told, and nothing else of its text; nobody retries a refused identity.
    """
    answer = gateway.post(
        "/v1/chat/completions",
        {"model": model, "messages": HELLO, "stream": model == "real-only"},
    )

    assert answer.status_code == status, answer.text
    assert code in {None, error_of(answer)["code"]}
    assert answer.headers.get("x-should-retry") == retry


def test_a_failed_call_names_aws_s_request(gateway: Gateway, emulated: Emulated) -> None:
    """AWS's request id goes to the caller and into the log also when AWS says no.

    That is when somebody asks for it (compat §4, runtime §3).
    """
    emulated.fault("steady", "internal_failure", times=1)
    mark = len(gateway.process.err)

    answer = gateway.chat("steady")

    request_id = emulated.only()["request_id"]
    assert answer.headers["x-amzn-requestid"] == request_id
    gateway.process.wait_for_line("call.finished", request_id, since=mark)


def test_a_deadline_of_ours_is_408(gateway: Gateway, emulated: Emulated) -> None:
    """`timeout` and `stream_timeout` give 408 `timeout_error`; the call to AWS is given up."""
    for stream in (False, True):
        emulated.fault("chat", "slow_first_byte", seconds=60, times=1)

        answer = gateway.post(
            "/v1/chat/completions", {"model": "chat-hurried", "messages": HELLO, "stream": stream}
        )

        assert answer.status_code == 408
        assert error_of(answer)["type"] == "timeout_error"
    assert emulated.counts(open=0, cut=2)["cut"] == 2


def test_a_pause_of_the_stream_is_bounded(gateway: Gateway, emulated: Emulated) -> None:
    """`stream_timeout` also bounds the pause between two records: an SSE error, no `[DONE]`."""
    emulated.fault("chat", "slow_records", seconds=60, times=1)

    stream = gateway.stream("chat-hurried")

    assert stream.status == 200
    assert not stream.done
    assert stream.error is not None
    assert stream.error["type"] == "timeout_error"
    emulated.counts(open=0, cut=1)
