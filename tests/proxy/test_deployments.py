"""The proxy's deployments: composed as the SDK's are, and shown to operators and clients."""

from __future__ import annotations

import pytest

from proxy import deployments
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, TEXT, config, entry, served

ENVIRON = {"AWS_REGION": "eu-west-1"}
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


async def test_the_container_sees_the_templates_text() -> None:
    """The container gets the model's own layout; template marks inside messages stay text."""
    script = ScriptedInvoker(replies=[[{"generated_text": "x"}]])
    llama = "meta-llama/Meta-Llama-3-8B-Instruct"
    settings = config(model_list=[entry("text", "sagemaker/e", hf_model_name=llama)])
    async with served(script, settings) as client:
        messages = [{"role": "user", "content": "{{ 7*7 }}"}]
        await client.post("/chat/completions", json={**TEXT, "messages": messages})
    inputs = script.bodies[0]["inputs"]
    assert inputs.startswith("<|begin_of_text|>")
    assert "{{ 7*7 }}" in inputs
    assert inputs.endswith("<|start_header_id|>assistant<|end_header_id|>\n\n")


async def test_openai_bodies_reach_the_container() -> None:
    """`sagemaker/openai/` sends OpenAI's embedding body, and its licence header."""
    script = ScriptedInvoker(replies=[{"data": [{"embedding": [1.0]}]}])
    model = entry("m", "sagemaker/openai/e", custom_attributes="accept_eula=true")
    async with served(script, config(model_list=[model])) as client:
        answer = await client.post("/embeddings", json={"model": "m", "input": "a"})
    assert answer.status_code == 200
    assert script.bodies == [{"input": "a", "model": ""}]
    _, target, _, _ = script.calls[0]
    assert target.headers == ((ATTRIBUTES, "accept_eula=true"),)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_mock_answers_without_aws(stream: bool) -> None:
    """`mock_response` is what every client gets; nothing is sent anywhere."""
    script = ScriptedInvoker()
    model = entry("chat", "sagemaker_chat/e", mock_response="Always this.")
    async with served(script, config(model_list=[model])) as client:
        answer = await client.post("/chat/completions", json={**CHAT, "stream": stream})
    assert answer.status_code == 200
    assert "Always" in answer.text
    assert ("[DONE]" in answer.text) is stream
    assert script.calls == []


async def test_a_client_sends_no_mock() -> None:
    """Only the configuration says what a mock answers (C12)."""
    script = ScriptedInvoker()
    async with served(script) as client:
        answer = await client.post("/chat/completions", json={**CHAT, "mock_response": "x"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "mock_response"
    assert script.calls == []


def test_a_header_given_twice_is_told_at_its_place() -> None:
    """The same header under two settings stops the start."""
    model = entry(
        "m", "sagemaker/e", custom_attributes="a", extra_headers={ATTRIBUTES.lower(): "b"}
    )
    (fault,) = deployments.faults(config(model_list=[model]), ENVIRON)
    assert fault.path == ("model_list", 0, "litellm_params", "custom_attributes")


def test_the_banner_says_who_signs() -> None:
    """A mock has no identity; a route without prompts needs no template."""
    settings = config(
        model_list=[
            entry("a", "sagemaker/e", mock_response="x"),
            entry("b", "sagemaker_nova/e"),
            entry("c", "sagemaker/openai/e"),
        ]
    )
    lines = deployments.describe(settings, ENVIRON)
    assert [line.identity for line in lines] == [
        "none: mock_response",
        "default AWS chain",
        "default AWS chain",
    ]
    assert [line.plain_prompt for line in lines] == [False, False, False]
    assert [line.format for line in lines] == ["openai", "nova", "openai"]
