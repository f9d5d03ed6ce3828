"""Bodies that are wrong, too large, or say what a client may not say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from proxy.config.deployment import DeploymentParams
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, config, entry, served

#: What a client may send although a deployment has it as well.
STAYS_HERE = {
    "aws_sagemaker_allow_zero_temp",
    "extra_body",
    "max_retries",
    "model",
    "num_retries",
    "stream_timeout",
    "timeout",
}

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b'{"model": NaN}',
        b'{"model": "\xff"}',
        b'{"model": "\\ud800"}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"\x00",
        b"model=chat",
    ],
)
async def test_what_is_no_json_object_is_400(body: bytes) -> None:
    """Each names the body as the fault, in OpenAI's envelope."""
    async with served() as client:
        response = await client.post("/chat/completions", content=body, headers=JSON)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", "request_body")


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"model": None}, 400, "model"),
        ({"messages": None}, 400, "messages"),
        ({"messages": []}, 400, "messages"),
        ({"temperature": "hot"}, 400, "temperature"),
        ({"aws_sagemaker_allow_zero_temp": "false"}, 400, "aws_sagemaker_allow_zero_temp"),
        ({"extra_body": []}, 400, "extra_body"),
        ({"extra_body": {"temperature": "hot"}}, 400, "temperature"),
        ({"extra_body": {"stream": 1}}, 400, "stream"),
        ({"model": "nope"}, 404, "model"),
        ({"model": "x" * 10_000}, 404, "model"),
    ],
)
async def test_wrong_fields_are_named(change: dict[str, Any], status: int, param: str) -> None:
    """A request's fault names its parameter; an unknown model is 404 model_not_found."""
    async with served() as client:
        body = {**CHAT, **change}
        response = await client.post("/chat/completions", json=body)
    assert response.status_code == status
    assert response.json()["error"]["param"] == param
    assert (response.json()["error"]["code"] == "model_not_found") == (status == 404)
    assert len(response.content) < 1000


@pytest.mark.parametrize("model", ["chat", "text"])
async def test_json_that_can_be_read_but_not_written_is_400(model: str) -> None:
    """Depth that survives parsing is still the request's fault, not a crash."""
    nested = b"[" * 400 + b"]" * 400
    rest = orjson.dumps({**CHAT, "model": model})[1:]
    body = b'{"deep": ' + nested + b", " + rest
    async with served(ScriptedInvoker(replies=[COMPLETION])) as client:
        response = await client.post("/chat/completions", content=body, headers=JSON)
    assert response.status_code == 400
    assert "nested too deeply" in response.json()["error"]["message"]


async def test_of_duplicate_keys_the_last_one_wins() -> None:
    """As in most JSON parsers, and in one place only."""
    script = ScriptedInvoker(replies=[COMPLETION])
    body = b'{"model": "nope", "seed": 1, "seed": 2,' + orjson.dumps(CHAT)[1:]
    async with served(script) as client:
        response = await client.post("/chat/completions", content=body, headers=JSON)
    assert response.status_code == 200
    assert script.bodies[0]["seed"] == 2


@pytest.mark.parametrize(
    "name",
    [
        "api_base",
        "api_key",
        "base_url",
        "sagemaker_base_url",
        "endpoint_url",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_region_name",
        "aws_role_name",
        "aws_anything_new",
        "model_id",
        "target_model",
        "target_variant",
        "target_container",
        "custom_attributes",
        "inference_id",
        "prefix_aware_id",
        "enable_explanations",
        "use_fips_endpoint",
        "use_dualstack_endpoint",
        "allowed_client_headers",
        "model_list",
        "user_config",
        "litellm_params",
        "router_settings",
        "mock_response",
        "mock_testing_fallbacks",
        "extra_headers",
        "chat_template",
        "hf_model_name",
    ],
)
@pytest.mark.parametrize("place", ["top", "extra_body", "metadata"])
async def test_a_client_can_not_choose_urls_credentials_or_endpoints(name: str, place: str) -> None:
    """The field is refused by name wherever it stands, and nothing is called."""
    script = ScriptedInvoker(replies=[COMPLETION])
    field = {name: "http://evil.example"}
    body = {**CHAT, **(field if place == "top" else {place: field})}
    async with served(script) as client:
        response = await client.post("/chat/completions", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == name
    assert script.calls == []


@pytest.mark.parametrize("name", sorted(DeploymentParams.model_fields))
@pytest.mark.parametrize("place", ["top", "extra_body"])
async def test_no_setting_of_a_deployment_reaches_a_container(name: str, place: str) -> None:
    """What a configuration says of a deployment no client does, but for what stays here anyway."""
    script = ScriptedInvoker(replies=[COMPLETION])
    field: dict[str, Any] = {name: {} if name == "extra_body" else 1}
    body = {**(field if place == "top" else {place: field}), **CHAT}
    async with served(script) as client:
        response = await client.post("/chat/completions", json=body)
    if name in STAYS_HERE:
        assert not any(sent.get(name) == 1 for sent in script.bodies)
        return
    assert response.status_code == 400
    assert response.json()["error"]["param"] == name
    assert script.calls == []


@pytest.mark.parametrize("name", ["rpm", "tpm", "weight", "order", "api_version", "guardrails"])
async def test_neither_does_one_that_only_litellm_has(name: str) -> None:
    """A setting that this version does not honour is no container's parameter either."""
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script) as client:
        response = await client.post("/chat/completions", json={**CHAT, name: 1})
        assert (response.status_code, script.calls) == (400, [])
        assert response.json()["error"]["param"] == name
        noted = await client.post("/chat/completions", json={**CHAT, "metadata": {name: "1"}})
        assert noted.status_code == 200, "a note of the client's own"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_retries", 1),
        ("max_retries", 1),
        ("timeout", 1),
        ("stream_timeout", 1.5),
        ("tags", ["a"]),
        ("fallbacks", ["text"]),
        ("disable_fallbacks", True),
        ("cache", {}),
        ("litellm_trace_id", "t"),
        ("litellm_session_id", "s"),
    ],
)
async def test_what_speaks_to_the_gateway_stays_there(name: str, value: Any) -> None:
    """LiteLLM's clients say it to every gateway: it is no fault, and no container's business."""
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script) as client:
        response = await client.post("/chat/completions", json={**CHAT, name: value})
    assert response.status_code == 200
    assert name not in script.bodies[0]


async def test_a_templates_switches_pass_as_an_object() -> None:
    """A chat container gets any JSON under its own names; what is no object is a 400."""
    switches = {"enable_thinking": False, "tools_in": ["user"]}
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script) as client:
        given = {**CHAT, "chat_template_kwargs": switches}
        assert (await client.post("/chat/completions", json=given)).status_code == 200
        refused = await client.post("/chat/completions", json={**given, "chat_template_kwargs": 1})
    assert script.bodies[0]["chat_template_kwargs"] == switches
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "chat_template_kwargs"


@pytest.mark.parametrize(
    "name",
    [
        "add_generation_prompt",
        "add_special_tokens",
        "allowed_token_ids",
        "cache_salt",
        "continue_final_message",
        "details",
        "do_sample",
        "documents",
        "echo",
        "guided_json",
        "ignore_eos",
        "inputs",
        "kv_transfer_params",
        "length_penalty",
        "lora_path",
        "min_p",
        "min_tokens",
        "mm_processor_kwargs",
        "priority",
        "prompt",
        "prompt_logprobs",
        "repetition_penalty",
        "request_id",
        "return_full_text",
        "skip_special_tokens",
        "stop_token_ids",
        "structured_outputs",
        "top_k",
        "top_n_tokens",
        "truncate",
        "truncate_prompt_tokens",
        "typical_p",
        "use_beam_search",
        "user",
        "watermark",
    ],
)
async def test_containers_own_parameters_pass(name: str) -> None:
    """What vLLM, SGLang, TGI and LMI know beside OpenAI's parameters is a client's to say."""
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script) as client:
        response = await client.post("/chat/completions", json={**CHAT, name: "1"})
    assert response.status_code == 200
    assert script.bodies[0][name] == "1"


async def test_messages_and_tools_are_never_searched() -> None:
    """A tool may well have a parameter called `base_url`."""
    script = ScriptedInvoker(replies=[COMPLETION])
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"base_url": {}}}}]
    messages = [{"role": "user", "content": [{"type": "text", "text": "x", "api_base": "y"}]}]
    async with served(script) as client:
        body = {**CHAT, "messages": messages, "tools": tools}
        response = await client.post("/chat/completions", json=body)
    assert response.status_code == 200
    assert script.bodies[0]["tools"] == tools


async def test_zero_temperature_is_a_parameter_not_an_identity() -> None:
    """`aws_sagemaker_allow_zero_temp` may come from a client, and enters no body."""
    script = ScriptedInvoker(replies=[[{"generated_text": "x"}]])
    ask = {"model": "text", "messages": CHAT["messages"], "temperature": 0}
    async with served(script) as client:
        await client.post("/chat/completions", json=ask)
        await client.post("/chat/completions", json={**ask, "aws_sagemaker_allow_zero_temp": True})
    assert [body["parameters"] for body in script.bodies] == [
        {"temperature": 0.1},
        {"temperature": 0},
    ]


async def test_a_component_may_be_chosen_where_the_configuration_says_so() -> None:
    """`configurable_clientside_auth_params` lets a client name the inference component."""
    script = ScriptedInvoker(replies=[COMPLETION])
    model = entry(
        "chat", "sagemaker_chat/e", configurable_clientside_auth_params=["model_id"], model_id="own"
    )
    async with served(script, config(model_list=[model])) as client:
        assert (await client.post("/chat/completions", json=CHAT)).status_code == 200
        for wanted, status in (("other", 200), ("a/b", 400), ("x\r\ny", 400), (7, 400)):
            response = await client.post("/chat/completions", json={**CHAT, "model_id": wanted})
            assert response.status_code == status, wanted
    components = [target.inference_component for _, target, _, _ in script.calls]
    assert components == ["own", "other"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_413(announced: bool) -> None:
    """Whether its length is announced or not, an oversized body is refused without being kept."""
    settings = config(general_settings={"max_request_size_mb": 0.001})
    body = orjson.dumps({**CHAT, "user": "x" * 2000})

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    async with served(settings=settings) as client:
        response = await client.post(
            "/chat/completions", content=body if announced else pieces(), headers=JSON
        )
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "request_too_large"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nix", 404),
        ("GET", "/v1/models/", 404),
        ("POST", "/v1/responses", 404),
        ("POST", "/v1//chat/completions", 404),
        ("GET", "/v1/chat/completions", 405),
        ("DELETE", "/v1/models", 405),
        ("TRACE", "/v1/models", 405),
        ("GET", "/v1/models/nope", 404),
    ],
)
async def test_what_is_not_served_is_an_openai_shaped_error(
    method: str, path: str, status: int
) -> None:
    """No route, no method, no model: each in OpenAI's envelope."""
    async with served() as client:
        response = await client.request(method, path, headers=JSON)
    assert response.status_code == status
    assert response.json()["error"]["type"] == "invalid_request_error"
