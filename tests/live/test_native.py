"""The native OpenAI path: a gateway that mints tokens, an emulator that verifies them."""

import base64
import json
from collections.abc import Iterator
from typing import Any, cast

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from tests.live import serving
from tests.live.conftest import StartGateway, write
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of
from tests.live.leaks import (
    ACCESS_KEY,
    REGION,
    SECRET_KEY,
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
    assert_log_is_clean,
)
from tests.live.processes import Process, clean_environment
from tests.live.serving import HOSTILE, model

PATH = "/openai/v1/chat/completions"
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}
NO_CAPACITY = "Inference Component has no capacity to process this request."
TEMPORARY = {
    "aws_access_key_id": TEMPORARY_KEY,
    "aws_secret_access_key": TEMPORARY_SECRET,
    "aws_session_token": TEMPORARY_TOKEN,
}
FREE = {"model_id": "first", "configurable_clientside_auth_params": ["model_id"]}


def configuration(emulator: str) -> str:
    """A gateway whose models are all on the native path, unless they say otherwise."""
    complete = f"{emulator}/endpoints/chat{PATH}"
    models = [
        model("chat", "sagemaker_chat/chat"),
        model("openai", "sagemaker/openai/chat"),
        model("lines", "sagemaker_chat/lines-hostile"),
        model("hostile", "sagemaker_chat/chat-hostile"),
        model("whole", "sagemaker_chat/chat-whole"),
        model("no-stream", "sagemaker_chat/chat-no-stream"),
        model("fake", "sagemaker_chat/chat", stream_mode="fake"),
        model("component", "sagemaker_chat/component", **FREE),
        model("component-none", "sagemaker_chat/component"),
        model("component-lost", "sagemaker_chat/component", model_id="third"),
        model("missing", "sagemaker_chat/no-such-endpoint"),
        model("text", "sagemaker_chat/tgi"),
        model("small", "sagemaker_chat/chat", max_payload_mb=0.001),
        model("hurried", "sagemaker_chat/chat", timeout=1, stream_timeout=1),
        model("complete", "sagemaker_chat/ignored", sagemaker_base_url=complete),
        model("temporary", "sagemaker_chat/chat", aws_region_name="eu-west-1", **TEMPORARY),
        model("wrong-secret", "sagemaker_chat/chat", aws_secret_access_key="wrong" * 8),
        model("wrong-region", "sagemaker_chat/chat", aws_region_name="ap-south-1"),
        model("plain", "sagemaker_chat/chat", transport="invocations"),
    ]
    for entry in models:
        if "aws_secret_access_key" in entry["litellm_params"]:
            entry["litellm_params"].setdefault("aws_access_key_id", ACCESS_KEY)
    defaults = {
        "sagemaker_base_url": emulator,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_region_name": REGION,
        "transport": "openai_path",
    }
    return serving.written(
        {
            "model_list": models,
            "router_settings": {"num_retries": 0, "default_litellm_params": defaults},
        }
    )


@pytest.fixture(scope="module")
def running_native(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """The gateway; Bedrock's variable in its environment has no meaning for SageMaker."""
    with start(
        configuration(emulator_process.url),
        "--detailed_debug",
        AWS_BEARER_TOKEN_BEDROCK="bedrock-api-key-ZXZpbA==",
    ) as gateway:
        yield gateway
        assert_log_is_clean(gateway.process.out + gateway.process.err)


@pytest.fixture
def native(running_native: Gateway, emulated: Emulated) -> Gateway:
    """The gateway, in front of an emulator without faults."""
    del emulated
    return running_native


@pytest.mark.parametrize("name", ["chat", "openai", "complete", "fake", "temporary"])
def test_chat_and_stream(native: Gateway, emulated: Emulated, name: str) -> None:
    """Both kinds of answers come over the one path, with a token for key and region."""
    assert "Köln" in native.text(name)
    stream = native.stream(name)
    assert stream.done
    assert "Köln" in stream.text()

    key, region = (TEMPORARY_KEY, "eu-west-1") if name == "temporary" else (ACCESS_KEY, REGION)
    for entry in emulated.requests("chat"):
        assert entry["path"] == f"/endpoints/chat{PATH}"
        authorization = entry["headers"]["authorization"]
        assert authorization.startswith(f"Bearer Credential={key}/")
        assert authorization.endswith(f"/{region}/sagemaker/aws4_request, Expires=900")
        assert not [each for each in entry["headers"] if each.startswith("x-amz")]
        assert json.loads(entry["body"])["model"] == ""


def test_the_head(native: Gateway, emulated: Emulated) -> None:
    """AWS's request id and the variant come back, streaming or not."""
    for stream in (False, True):
        emulated.forget()
        body = {"model": "chat", "messages": HELLO, "stream": stream}
        answer = native.post("/v1/chat/completions", body)
        assert answer.headers["x-amzn-requestid"] == emulated.only()["request_id"]
        assert answer.headers["x-amzn-invoked-production-variant"] == "AllTraffic"


def test_usage_is_asked_for(native: Gateway, emulated: Emulated) -> None:
    """The body is the same as on the other transport."""
    native.stream("chat")
    over_path = emulated.body()
    emulated.forget()
    native.stream("plain")
    assert over_path == emulated.body()
    assert over_path["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("name", ["hostile", "lines", "whole", "no-stream"])
def test_streams_lose_nothing(native: Gateway, name: str) -> None:
    """Server-sent events, JSON lines and one whole document all give the text as it is."""
    stream = native.stream(name, max_tokens=1000)
    assert stream.done
    assert stream.text() == HOSTILE
    assert native.text(name, max_tokens=1000) == HOSTILE


@pytest.mark.parametrize("cuts", ["every_byte", "utf8_split", "empty_parts", "random:3"])
def test_hostile_cuts(native: Gateway, emulated: Emulated, cuts: str) -> None:
    """Bytes may be cut anywhere."""
    emulated.fault("chat-hostile", "cuts", cuts=cuts)
    assert native.stream("hostile", max_tokens=1000).text() == HOSTILE


def test_tools(native: Gateway) -> None:
    """Tool calls pass, streaming or not."""
    more = {"tools": [TOOL], "tool_choice": "required"}
    message = native.chat("chat", **more).json()["choices"][0]["message"]
    assert message["tool_calls"][0]["function"]["name"] == "weather"
    stream = native.stream("chat", **more)
    assert stream.finishes() == ["tool_calls"]


def test_completions_go_over_chat(native: Gateway, emulated: Emulated) -> None:
    """A prompt becomes a chat; embeddings have no way and are refused before anything is sent."""
    answer = native.post("/v1/completions", {"model": "openai", "prompt": "Where is Köln?"})
    assert "Köln" in answer.json()["choices"][0]["text"]
    assert emulated.only()["path"].endswith(PATH)
    refused = native.post("/v1/embeddings", {"model": "openai", "input": "x"})
    assert (refused.status_code, error_of(refused)["code"]) == (400, "unsupported_task")
    assert len(emulated.requests()) == 1


def test_components_are_in_the_path(native: Gateway, emulated: Emulated) -> None:
    """The deployment's component, or the client's where it may choose, is in the path only."""
    assert "first" in native.text("component")
    assert "second" in native.text("component", model_id="second")
    entries = emulated.requests("component")
    root = "/endpoints/component/inference-components"
    assert [entry["path"] for entry in entries] == [
        f"{root}/{c}{PATH}" for c in ("first", "second")
    ]
    assert not [name for entry in entries for name in entry["headers"] if "component" in name]


@pytest.mark.parametrize("name", ["../chat", "a/b", "", "x?y", "%2e", "é", "a" * 64, 7])
def test_components_that_are_none(native: Gateway, emulated: Emulated, name: Any) -> None:
    """What is no component's name never reaches a URL."""
    assert native.chat("component", model_id=name).status_code == 400
    assert emulated.requests() == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("missing", 404, "endpoint_not_found"),
        ("component-lost", 404, "endpoint_not_found"),
        ("component-none", 400, "400"),
        ("text", 404, "404"),
        ("wrong-secret", 502, "InvalidSignatureException"),
        ("wrong-region", 502, "AccessDeniedException"),
        ("small", 413, "request_too_large"),
    ],
)
def test_refusals(native: Gateway, name: str, status: int, code: str, stream: bool) -> None:
    """What AWS refuses comes out as over the other transport, without AWS's identifiers."""
    messages = [{"role": "user", "content": "x" * 2000}] if name == "small" else HELLO
    body = {"model": name, "messages": messages, "stream": stream}
    answer = native.post("/v1/chat/completions", body)
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    assert answer.headers.get("x-should-retry") == ("false" if status == 502 else None)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_no_capacity(native: Gateway, emulated: Emulated, stream: bool) -> None:
    """A component that is scaled to zero is 503 with `Retry-After`."""
    emulated.fault("component", "no_capacity", times=1)
    body = {"model": "component", "messages": HELLO, "stream": stream}
    answer = native.post("/v1/chat/completions", body)
    assert (answer.status_code, error_of(answer)["code"]) == (503, "no_capacity")
    assert answer.headers["retry-after"] == "30"


def test_a_container_that_quotes_the_sentence(native: Gateway, emulated: Emulated) -> None:
    """A prompt in a container's error is not taken for AWS's word."""
    said = json.dumps({"error": {"message": NO_CAPACITY, "code": "validation_error"}})
    emulated.fault("chat", "model_error", status=400, message=said, times=1)
    answer = native.chat("chat")
    assert (answer.status_code, error_of(answer)["message"]) == (400, NO_CAPACITY)


@pytest.mark.parametrize(
    ("fault", "options", "status"),
    [
        ("model_error", {"status": 422, "message": '{"error":{"message":"bad"}}'}, 422),
        ("model_error", {"status": 429}, 429),
        ("model_error", {"status": 500}, 500),
        ("model_error", {"status": 0}, 504),
        ("model_unreadable", {}, 502),
        ("throttling", {}, 429),
        ("internal_failure", {}, 500),
        ("service_unavailable", {}, 503),
        ("html_page", {"status": 200}, 502),
        ("html_page", {"status": 502}, 502),
        ("reset", {}, 502),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_faults(
    native: Gateway,
    emulated: Emulated,
    fault: str,
    options: dict[str, Any],
    status: int,
    stream: bool,
) -> None:
    """The container's own errors are unwrapped; AWS's are translated as on the other routes."""
    emulated.fault("chat", fault, times=1, **options)
    answer = native.post(
        "/v1/chat/completions", {"model": "chat", "messages": HELLO, "stream": stream}
    )
    assert answer.status_code == status, answer.text
    error_of(answer)


@pytest.mark.parametrize("fault", ["access_denied", "expired_token"])
def test_a_refused_token_is_replaced_once(native: Gateway, emulated: Emulated, fault: str) -> None:
    """One refusal is mended by a fresh token, unseen by the client; two are a 502."""
    emulated.fault("chat", fault, times=1)
    assert "Köln" in native.text("chat")
    assert [entry["outcome"][:3] for entry in emulated.requests("chat")] == ["403", "200"]

    emulated.forget()
    emulated.fault("chat", fault)
    answer = native.chat("chat")
    assert answer.status_code == 502
    assert answer.headers["x-should-retry"] == "false"
    assert [entry["outcome"][:3] for entry in emulated.requests("chat")] == ["403", "403"]


@pytest.mark.parametrize(
    ("fault", "options"), [("reset_mid_stream", {}), ("no_finish", {})], ids=str
)
def test_cut_streams(
    native: Gateway, emulated: Emulated, fault: str, options: dict[str, Any]
) -> None:
    """A stream that is cut ends in one error event, and never in a false `[DONE]`."""
    emulated.fault("chat", fault, times=1, **options)
    stream = native.stream("chat")
    assert stream.status == httpx.codes.OK
    assert stream.text()
    assert stream.error is not None
    assert not stream.done


def test_stalls(native: Gateway, emulated: Emulated) -> None:
    """A stream that stalls is over in its time, as is one that does not begin."""
    emulated.fault("chat", "slow_records", seconds=20, times=1)
    stream = native.stream("hurried")
    assert stream.error is not None
    assert stream.error["type"] == "timeout_error"
    emulated.fault("chat", "slow_first_byte", seconds=20, times=1)
    assert native.chat("hurried").status_code == httpx.codes.REQUEST_TIMEOUT
    emulated.counts(open=0)


def test_a_client_that_leaves(native: Gateway, emulated: Emulated) -> None:
    """Leaving a stream closes the connection to AWS."""
    emulated.fault("chat", "slow_records", seconds=1, times=1)
    body = {"model": "chat", "messages": HELLO, "stream": True}
    with native.http.stream("POST", "/v1/chat/completions", json=body) as answer:
        next(answer.iter_raw())
    assert emulated.counts(open=0, cut=1)["cut"] == 1


def test_the_openai_package(native: Gateway) -> None:
    """The official client chats, streams and calls tools over the path."""
    ask: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Where is Köln?"}]
    with openai.OpenAI(api_key="x", base_url=f"{native.url}/v1", max_retries=0) as client:
        whole = client.chat.completions.create(model="chat", messages=ask)
        assert "Köln" in (whole.choices[0].message.content or "")
        stream = client.chat.completions.create(model="chat", messages=ask, stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        assert text == whole.choices[0].message.content
        called = client.chat.completions.create(
            model="chat",
            messages=ask,
            tools=[cast("ChatCompletionToolParam", TOOL)],
            tool_choice="required",
        )
        assert called.choices[0].message.tool_calls
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="missing", messages=ask)


def test_a_printed_token(emulated: Emulated, tmp_path_factory: pytest.TempPathFactory) -> None:
    """`sagegate token` prints what the path takes, alone on standard output, in its region."""
    path = write(tmp_path_factory.mktemp("token"), configuration(emulated.url))
    for name, status in (("temporary", 200), ("chat", 200), ("wrong-region", 403)):
        flags = ["--config", str(path), "--model", name, "--expires-in", "30"]
        process = Process(["-m", "proxy", "token", *flags], clean_environment())
        try:
            assert process.ended() == 0, process.err
            token = process.out.removesuffix("\n")
        finally:
            process.kill()
        url = base64.b64decode(token.removeprefix("sagemaker-api-key-"), validate=True)
        assert SECRET_KEY.encode() not in url
        answer = httpx.post(
            f"{emulated.url}/endpoints/chat{PATH}",
            json={"messages": HELLO},
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
        )
        assert answer.status_code == status, answer.text
