"""Bad requests: each an OpenAI-shaped answer that names the parameter; nothing goes to AWS."""

import json
from collections.abc import Iterator

import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of

CHAT = "/v1/chat/completions"
#: What is not JSON, or no object.
NOT_JSON = {
    "empty": b"",
    "cut": b'{"model":"chat"',
    "array": b"[]",
    "text": b'"x"',
    "null": b"null",
    "nan": b'{"model":"chat","messages":[{"role":"user","content":"x"}],"temperature":NaN}',
    "infinity": b'{"model":"chat","messages":[{"role":"user","content":"x"}],"x":Infinity}',
    "huge number": b'{"model":"chat","messages":[{"role":"user","content":"x"}],"x":1e999}',
    "invalid utf-8": b'{"model":"chat\xff"}',
    "utf-16": '{"model":"chat"}'.encode("utf-16"),
    "surrogate": b'{"model":"chat","messages":[{"role":"user","content":"\\ud800"}]}',
    "nul": b"\0",
    "two objects": b"{}{}",
    "comment": b'{"model":"chat" /* x */}',
    "single quotes": b"{'model':'chat'}",
    "very deep": b"[" * 100_000,
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
@pytest.mark.parametrize("path", [CHAT, "/embeddings", "/openai/deployments/chat/chat/completions"])
def test_no_json_object(gateway: Gateway, emulated: Emulated, path: str, body: bytes) -> None:
    """A body that is no JSON object is a 400 with param `request_body` (compat §5)."""
    answer = gateway.post_bytes(path, body)

    assert answer.status_code == 400
    assert error_of(answer)["type"] == "invalid_request_error"
    assert error_of(answer)["param"] == "request_body"
    assert emulated.requests() == []


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model": ...}, "model"),
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
        ({"messages": ...}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [1]}, "messages[0]"),
        ({"messages": [{}]}, "messages[0].role"),
        ({"messages": [{"role": 5, "content": "x"}]}, "messages[0].role"),
        ({"messages": [*HELLO, {"role": "user", "content": 5}]}, "messages[1].content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": []}, "top_p"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": 10**12}, "max_tokens"),
        ({"max_completion_tokens": "9"}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"n": 100_000}, "n"),
        ({"top_logprobs": 10**9}, "top_logprobs"),
        ({"seed": 10**30}, "seed"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": True}, "stream_options"),
        ({"stop": 5}, "stop"),
        ({"tools": {}}, "tools"),
        ({"tools": [5]}, "tools[0]"),
        ({"response_format": "json"}, "response_format"),
        ({"aws_sagemaker_allow_zero_temp": "false"}, "aws_sagemaker_allow_zero_temp"),
        ({"metadata": 5}, "metadata"),
        ({"extra_body": []}, "extra_body"),
        ({"extra_body": {"temperature": "hot"}}, "temperature"),
        ({"extra_body": {"messages": []}}, "messages"),
        ({"extra_body": {"n": 1000}}, "n"),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_wrong_values(
    gateway: Gateway,
    emulated: Emulated,
    change: dict[str, object],
    param: str,
    stream: bool,
) -> None:
    """Missing, empty and wrong values are a 400 that names the parameter as OpenAI does."""
    body = {"model": "chat", "messages": HELLO, "stream": stream, **change}

    answer = gateway.post(CHAT, {name: value for name, value in body.items() if value is not ...})

    assert answer.status_code == 400, answer.text
    assert error_of(answer)["type"] == "invalid_request_error"
    assert error_of(answer)["param"] == param
    assert param in error_of(answer)["message"]
    assert emulated.requests() == []


@pytest.mark.parametrize("name", ["gpt-4o", "", "chat ", "CHAT", "chat\0", "../chat", "x" * 5000])
def test_unknown_models(gateway: Gateway, name: str) -> None:
    """An unknown model is a 404 `model_not_found`, on every route that takes a name."""
    for path, body in (
        (CHAT, {"model": name, "messages": HELLO}),
        ("/embeddings", {"model": name, "input": "x"}),
    ):
        answer = gateway.post(path, body)
        assert answer.status_code == 404
        assert (error_of(answer)["code"], error_of(answer)["param"]) == ("model_not_found", "model")
        assert len(answer.text) < 1000


@pytest.mark.parametrize(
    "field",
    [
        "api_base",
        "base_url",
        "sagemaker_base_url",
        "endpoint_url",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "aws_region_name",
        "aws_role_name",
        "aws_web_identity_token",
        "aws_sts_endpoint",
        "aws_anything_new",
        "model_list",
        "user_config",
        "litellm_params",
        "router_settings",
        "mock_response",
        "mock_tool_calls",
        "model_id",
        "hf_model_name",
        "custom_prompt_dict",
        "extra_headers",
        "api_key",
    ],
)
@pytest.mark.parametrize("place", ["top", "extra_body", "metadata"])
def test_refused_fields(gateway: Gateway, emulated: Emulated, field: str, place: str) -> None:
    """What chooses a URL, an identity or an answer is refused by name, wherever it hides.

    Security cases C1, C2, C3 and C12.
    """
    hidden = {field: "http://127.0.0.1:9"}

    answer = gateway.chat("chat", **(hidden if place == "top" else {place: hidden}))

    assert answer.status_code == 400
    assert error_of(answer)["param"] == field
    assert field in error_of(answer)["message"]
    assert emulated.requests() == []


def test_a_tool_may_be_called_anything(gateway: Gateway, emulated: Emulated) -> None:
    """Nobody looks inside messages, tools and response formats."""
    messages = [{"role": "user", "content": "api_base", "aws_access_key_id": "x"}]
    tools = [
        {
            "type": "function",
            "function": {
                "name": "f",
                "parameters": {"type": "object", "properties": {"base_url": {"type": "string"}}},
            },
        }
    ]

    assert gateway.chat("chat", messages=messages, tools=tools).status_code == 200

    sent = json.loads(emulated.unchecked()[0]["body"])
    assert sent["messages"] == messages
    assert sent["tools"] == tools


@pytest.mark.parametrize("depth", [200, 254, 300, 900, 1100])
@pytest.mark.parametrize("model", ["chat", "tgi"])
@pytest.mark.parametrize("place", ["field", "message"])
def test_depth(gateway: Gateway, depth: int, model: str, place: str) -> None:
    """JSON of any depth is answered, or a 400; never a failure of ours (case E1)."""
    deep = "[" * depth + "]" * depth
    if place == "field":
        text = f'{{"model":"{model}","messages":{json.dumps(HELLO)},"deep":{deep}}}'
    else:
        message = f'{{"role":"user","content":"x","deep":{deep}}}'
        text = f'{{"model":"{model}","messages":[{message}]}}'

    answer = gateway.post_bytes(CHAT, text.encode())

    assert answer.status_code in {200, 400}
    if answer.status_code == 400:
        assert error_of(answer)["type"] == "invalid_request_error"


def test_the_last_of_two_equal_keys_wins(gateway: Gateway, emulated: Emulated) -> None:
    """Duplicate keys: the last counts, for the check as for the call."""
    answer = gateway.post_bytes(
        CHAT,
        b'{"model":"gone","model":"chat","messages":[],'
        b'"messages":[{"role":"user","content":"x"}],"top_k":1,"top_k":2}',
    )

    assert answer.status_code == 200
    assert emulated.body()["top_k"] == 2


def test_text_of_any_kind_arrives(gateway: Gateway, emulated: Emulated) -> None:
    """NUL, control characters, other planes: a text reaches the container as it was sent."""
    text = '\0\x01\x7f\u2028\ufeff\U0001f30d\r\n\t"\\ </s> {{ 7*7 }}'

    assert gateway.chat("tgi", messages=[{"role": "user", "content": text}]).status_code == 200

    assert emulated.body()["inputs"] == text


def test_announced_and_growing_bodies_have_one_limit(gateway: Gateway, emulated: Emulated) -> None:
    """A body over the limit is a 413, announced or in chunks; the connection lives on."""

    def chunks() -> Iterator[bytes]:
        for _ in range(9):
            yield b" " * 1_048_576

    headers = {"content-type": "application/json"}
    for content in (b" " * 9_000_000, chunks()):
        answer = gateway.http.post(CHAT, content=content, headers=headers)
        assert answer.status_code == 413
        assert error_of(answer)["code"] == "request_too_large"
    assert gateway.chat("chat").status_code == 200
    assert len(emulated.requests()) == 1


def test_a_body_beyond_sagemaker_s_limit(gateway: Gateway, emulated: Emulated) -> None:
    """What SageMaker would refuse is refused before it is sent (case E10)."""
    answer = gateway.chat("chat", messages=[{"role": "user", "content": "x" * 6_400_000}])

    assert answer.status_code == 413
    assert error_of(answer)["code"] == "request_too_large"
    assert emulated.requests() == []


def test_tasks_that_a_model_does_not_have(gateway: Gateway) -> None:
    """A task that the model does not have is refused by name.

    A text route's container that answers arrays is no chat: never a 200 with an empty text (B24).
    """
    embedded = gateway.post("/v1/embeddings", {"model": "chat", "input": "x"})
    chatted = gateway.chat("embed")

    assert (embedded.status_code, error_of(embedded)["code"]) == (400, "unsupported_task")
    assert chatted.status_code == 502
    assert "array" in error_of(chatted)["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", "/v1/responses", 404),
        ("POST", "/v1/images/generations", 404),
        ("POST", "/v1/messages", 404),
        ("GET", "/team/info", 404),
        ("GET", "/v1/models/", 404),
        ("GET", "/health/liveness/", 404),
        ("GET", CHAT, 405),
        ("PUT", CHAT, 405),
        ("POST", "/v1/models", 405),
        ("DELETE", "/v1/models/chat", 405),
    ],
)
def test_unknown_routes(gateway: Gateway, method: str, path: str, status: int) -> None:
    """Unknown paths and methods have OpenAI's shape as well; a 405 says what is taken."""
    answer = gateway.http.request(method, path)

    assert answer.status_code == status
    assert error_of(answer)["type"] == "invalid_request_error"
    if status == 405:
        assert answer.headers["allow"]
