"""What reaches the container: exact bodies, signed headers, nothing of the gateway's own."""

import json
from typing import Any

import pytest

from tests.live.emulated import Emulated, Entry
from tests.live.gateway import HELLO, Gateway

PROMPT = "Where is Köln?"


def signed_headers(entry: Entry) -> list[str]:
    """The names of the headers under the signature."""
    names: str = entry["headers"]["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    return names.split(";")


@pytest.mark.parametrize(
    ("model", "sent", "parameters"),
    [
        ("tgi-warm", {}, {"temperature": 0.6, "top_p": 0.9}),
        ("tgi-warm", {"temperature": 0.7}, {"temperature": 0.7, "top_p": 0.9}),
        ("tgi-warm", {"temperature": 0.7, "top_p": 0.1}, {"temperature": 0.7, "top_p": 0.1}),
        ("tgi-warm", {"temperature": None}, {"temperature": 0.6, "top_p": 0.9}),
        ("tgi-top-k", {}, {"top_k": 1}),
        ("tgi-top-k", {"top_k": 2}, {"top_k": 2}),
        ("tgi-top-k", {"extra_body": {"top_k": 3}}, {"top_k": 3}),
        ("tgi", {"temperature": 0}, {"temperature": 0.1}),
        ("tgi", {"temperature": 0.0}, {"temperature": 0.1}),
        ("tgi-zero-default", {}, {"temperature": 0.1}),
        ("tgi", {"max_tokens": 80}, {"max_new_tokens": 80}),
        ("tgi", {"max_tokens": 0}, {"max_new_tokens": 1}),
        ("tgi", {"max_completion_tokens": 0}, {"max_new_tokens": 1}),
        ("tgi", {"max_tokens": 5, "max_completion_tokens": 6}, {"max_new_tokens": 6}),
        ("tgi", {"stop": "x"}, {"stop": ["x"]}),
        ("tgi", {"user": "me", "store": True}, {}),
        ("tgi-drop", {"tools": [{"type": "function"}], "logit_bias": {"1": 2}}, {}),
    ],
)
def test_text_parameters(
    gateway: Gateway,
    emulated: Emulated,
    model: str,
    sent: dict[str, Any],
    parameters: dict[str, Any],
) -> None:
    """On `sagemaker/` the body is `inputs` and `parameters`; the request wins over the file."""
    assert gateway.chat(model, **sent).status_code == 200

    assert emulated.only()["body"] == json.dumps(
        {"inputs": PROMPT, "parameters": parameters}, ensure_ascii=False, separators=(",", ":")
    )


def test_zero_temperature_reaches_a_container_that_may_have_it(
    gateway: Gateway, emulated: Emulated
) -> None:
    """With `aws_sagemaker_allow_zero_temp` 0 is sent as 0; the flag is in no body (compat A1)."""
    gateway.chat("tgi-zero", temperature=0)

    assert emulated.body()["parameters"] == {"temperature": 0}


def test_a_client_may_allow_zero_temperature(gateway: Gateway, emulated: Emulated) -> None:
    """The flag is a parameter, not an identity: a request may bring it; it goes no further."""
    gateway.chat("tgi", temperature=0, aws_sagemaker_allow_zero_temp=True)

    assert emulated.body()["parameters"] == {"temperature": 0}


@pytest.mark.parametrize(
    ("model", "sent", "limit"),
    [
        ("tgi-limit", {}, 50),
        ("tgi-limit", {"max_completion_tokens": 3}, 3),
        ("tgi-limit", {"max_tokens": 3}, 3),
        ("tgi-limit", {"max_new_tokens": 3}, 3),
    ],
)
def test_the_requests_token_limit_wins_under_each_of_its_names(
    gateway: Gateway, emulated: Emulated, model: str, sent: dict[str, Any], limit: int
) -> None:
    """A limit of the file is a default: the request's wins, however the two are called."""
    gateway.chat(model, **sent)

    assert emulated.body()["parameters"] == {"max_new_tokens": limit}


def test_the_requests_token_limit_wins_on_the_messages_route(
    gateway: Gateway, emulated: Emulated
) -> None:
    """A chat container never gets the file's limit beside the request's: it would obey it."""
    gateway.chat("chat-limit", max_tokens=3)

    body = emulated.body()
    assert body["max_tokens"] == 3
    assert "max_completion_tokens" not in body


def test_messages_body_is_the_request(gateway: Gateway, emulated: Emulated) -> None:
    """On `sagemaker_chat/` everything passes untouched, `messages` first, 0 stays 0."""
    request = {
        "temperature": 0,
        "top_p": 0.5,
        "seed": 7,
        "n": 1,
        "stop": ["x"],
        "user": "me",
        "logit_bias": {"1": 2},
        "chat_template_kwargs": {"enable_thinking": False},
        "guided_json": {"type": "object"},
    }

    gateway.chat("chat", **request, extra_body={"min_p": 0.1})

    expected = {"messages": HELLO, "model": "", **request, "min_p": 0.1}
    assert emulated.only()["body"] == json.dumps(
        expected, ensure_ascii=False, separators=(",", ":")
    )


def test_streaming_messages_body_asks_for_usage(gateway: Gateway, emulated: Emulated) -> None:
    """A stream is asked for with its usage, whether the client wants it or not."""
    gateway.stream("chat")

    assert emulated.only()["body"] == (
        '{"messages":[{"role":"user","content":"Where is Köln?"}],"model":"","stream":true,'
        '"stream_options":{"include_usage":true}}'
    )
    assert emulated.operations() == ["stream"]


def test_hf_model_name_becomes_the_body_s_model(gateway: Gateway, emulated: Emulated) -> None:
    """A container that serves one name gets it, and answers under the public name."""
    answer = gateway.chat("chat-named").json()

    assert emulated.body()["model"] == "org/served"
    assert answer["model"] == "chat-named"


def test_no_setting_is_in_a_body(gateway: Gateway, emulated: Emulated) -> None:
    """Settings of the deployment stay outside (compat A2, case K8); `extra_body` is merged (A3)."""
    gateway.chat(
        "chat-settings",
        metadata={"a": "b"},
        timeout=9,
        num_retries=1,
        tags=["x"],
        cache={"no-cache": True},
        fallbacks=["chat"],
        disable_fallbacks=True,
    )

    assert emulated.body() == {"messages": HELLO, "model": "", "top_k": 7, "min_p": 0.5}


def test_the_component_header_is_signed(gateway: Gateway, emulated: Emulated) -> None:
    """`model_id` is a header under the signature (compat A5), in no body, on both operations."""
    gateway.chat("component")
    gateway.stream("component")

    entries = emulated.requests("component")
    assert [entry["operation"] for entry in entries] == ["invoke", "stream"]
    for entry in entries:
        assert entry["component"] == "first"
        assert "x-amzn-sagemaker-inference-component" in signed_headers(entry)
        assert "first" not in entry["body"]


def test_a_permitted_client_chooses_the_component(gateway: Gateway, emulated: Emulated) -> None:
    """`configurable_clientside_auth_params: [model_id]` lets the request win, streaming or not."""
    gateway.chat("component-free", model_id="second")
    gateway.stream("component-free", extra_body={"model_id": "second"})
    gateway.chat("component-free")

    assert [entry["component"] for entry in emulated.requests()] == ["second", "second", "first"]


@pytest.mark.parametrize("name", ["a/b", "..", "x\r\ny: z", "é", "a" * 64, "", "-a", 5, ["first"]])
def test_a_client_s_component_must_be_a_name(
    gateway: Gateway, emulated: Emulated, name: object
) -> None:
    """What is no component name is a 400 that names the field, and nothing is sent."""
    answer = gateway.chat("component-free", model_id=name)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == "model_id"
    assert emulated.requests() == []


def test_an_unknown_component(gateway: Gateway) -> None:
    """A component that AWS does not know is a 404 without the account's id."""
    answer = gateway.chat("component-free", model_id="nope")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "endpoint_not_found"


@pytest.mark.parametrize("route", ["chat", "embeddings"])
def test_client_headers_never_reach_aws(gateway: Gateway, emulated: Emulated, route: str) -> None:
    """A client's `X-Amzn-SageMaker-*`, keys, cookies and traces stay here (case B7)."""
    headers = {
        "X-Amzn-SageMaker-Target-Variant": "Other",
        "X-Amzn-SageMaker-Inference-Component": "other",
        "X-Amz-Security-Token": "mine",
        "Cookie": "a=b",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "X-Forwarded-For": "192.0.2.1",
    }
    if route == "chat":
        body: dict[str, Any] = {"model": "chat", "messages": HELLO}
        answer = gateway.post("/v1/chat/completions", body, headers)
    else:
        answer = gateway.post("/v1/embeddings", {"model": "embed", "input": "x"}, headers)

    assert answer.status_code == 200
    sent = emulated.only()["headers"]
    assert not {name.lower() for name in headers} & set(sent)


def test_every_header_that_means_something_is_signed(gateway: Gateway, emulated: Emulated) -> None:
    """Content type, accept, date and host are under the signature; no token without one."""
    gateway.chat("tgi")
    gateway.stream("tgi")

    whole, streamed = emulated.requests()
    assert {"content-type", "accept", "host", "x-amz-date"} <= set(signed_headers(whole))
    assert {"content-type", "x-amzn-sagemaker-accept"} <= set(signed_headers(streamed))
    assert "x-amz-security-token" not in whole["headers"]


def test_text_prompt_of_a_conversation(gateway: Gateway, emulated: Emulated) -> None:
    """List contents and `content: null` in tool history give a prompt, no 500 (compat A9, A12)."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello {{ 7*7 }}"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": "done"},
    ]

    assert gateway.chat("tgi", messages=messages).status_code == 200

    inputs = emulated.body()["inputs"]
    for text in ("Be brief.", "Hello {{ 7*7 }}", "done"):
        assert text in inputs
    assert "Be brief. Hello" not in inputs
