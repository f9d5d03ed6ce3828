"""Headers on the way through the gateway: the inference id, and what clients may send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from adapters.errors import Throttled
from proxy import deployments
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, config, entry, served

ID = "x-amzn-sagemaker-inference-id"
SESSION = "X-Amzn-SageMaker-Session-Id"
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
ENVIRON = {"AWS_REGION": "eu-west-1"}


def models(**params: Any) -> list[dict[str, Any]]:
    return [entry("chat", "sagemaker_chat/chat-endpoint", **params)]


def sent(script: ScriptedInvoker) -> dict[str, str]:
    """The last call's headers."""
    _, _, payload, _ = script.calls[-1]
    return {name.lower(): value for name, value in payload.headers}


def answering() -> ScriptedInvoker:
    return ScriptedInvoker(replies=[COMPLETION])


@pytest.mark.parametrize("own", ["their-id", None])
async def test_one_id_is_in_call_and_answer(own: str | None) -> None:
    """AWS sees the gateway's id, never the client's; the answer has both."""
    script = answering()
    headers = {} if own is None else {"x-litellm-call-id": own}
    async with served(script) as client:
        answer = await client.post("/chat/completions", json=CHAT, headers=headers)
    inference_id = sent(script)[ID]
    assert answer.headers[ID] == inference_id
    assert (answer.headers["x-litellm-call-id"] == inference_id) is (own is None)
    assert inference_id != own


async def test_a_failed_calls_answer_has_the_id() -> None:
    """An error is what one looks for in the records; a refusal before any call has no id."""
    script = ScriptedInvoker(replies=[Throttled("slow down")])
    async with served(script) as client:
        failed = await client.post("/chat/completions", json=CHAT)
        refused = await client.post("/chat/completions", json={**CHAT, "model": "none"})
    assert failed.status_code == 429
    assert failed.headers[ID] == sent(script)[ID]
    assert ID not in refused.headers


@pytest.mark.parametrize(
    "setting", [{"inference_id": False}, {"inference_id": "fixed"}, {"mock_response": "x"}]
)
async def test_another_id_is_not_claimed(setting: dict[str, Any]) -> None:
    """Where the deployment sends another id, or nothing at all, the answer names none."""
    script = answering()
    async with served(script, config(model_list=models(**setting))) as client:
        answer = await client.post("/chat/completions", json=CHAT)
    assert answer.status_code == 200
    assert ID not in answer.headers
    assert not script.calls or ID not in sent(script)


@pytest.mark.parametrize(
    ("params", "sections", "passes"),
    [
        ({}, {}, set[str]()),
        ({"allowed_client_headers": [SESSION]}, {}, {SESSION}),
        (
            {},
            {"general_settings": {"forward_client_headers_to_llm_api": True}},
            {SESSION, ATTRIBUTES},
        ),
        (
            {"session_id": "own"},
            {"general_settings": {"forward_client_headers_to_llm_api": True}},
            {ATTRIBUTES},
        ),
        *(
            (
                {},
                {
                    "litellm_settings": {
                        "model_group_settings": {"forward_client_headers_to_llm_api": [pattern]}
                    }
                },
                {SESSION, ATTRIBUTES},
            )
            for pattern in ("chat", "ch*")
        ),
    ],
)
async def test_clients_headers_pass_where_the_configuration_lets_them(
    params: Mapping[str, Any], sections: Mapping[str, Any], passes: set[str]
) -> None:
    """A deployment's list, LiteLLM's switch for all models, or its list of models."""
    script = answering()
    values = {SESSION: "s-1", ATTRIBUTES: "tier=gold"}
    others = {
        "X-Amzn-SageMaker-Target-Model": "evil.tar.gz",
        "X-Amzn-SageMaker-Inference-Component": "evil",
        "X-Amzn-SageMaker-Inference-Id": "evil",
        "X-Other": "evil",
    }
    async with served(script, config(model_list=models(**params), **sections)) as client:
        answer = await client.post("/chat/completions", json=CHAT, headers={**values, **others})
    assert answer.status_code == 200
    given = sent(script)
    assert given.pop(ID) != "evil"
    assert given == {name.lower(): values[name] for name in passes}


async def test_a_listed_headers_bad_value_is_a_400() -> None:
    """It names the header in OpenAI's envelope."""
    script = answering()
    settings = config(model_list=models(allowed_client_headers=[SESSION]))
    async with served(script, settings) as client:
        answer = await client.post("/chat/completions", json=CHAT, headers={SESSION: "a b"})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, SESSION, "invalid_header")
    assert script.calls == []


@pytest.mark.parametrize("key", ["sk-a-long-enough-key", None])
async def test_a_callers_prefix_id_is_no_key(key: str | None) -> None:
    """`from_key` hashes the caller's alias."""
    script = answering()
    settings = config(model_list=models(prefix_aware_id="from_key"))
    async with served(script, settings, key) as client:
        for _ in range(2):
            await client.post("/chat/completions", json=CHAT)
    ids = {
        value
        for _, _, payload, _ in script.calls
        for name, value in payload.headers
        if name.endswith("Prefix-Aware-Id")
    }
    assert len(ids) == 1
    assert str(key) not in ids


@pytest.mark.parametrize(
    ("sections", "environ", "path"),
    [
        ({"litellm_settings": {"ssl_verify": False}}, {}, ("litellm_settings", "ssl_verify")),
        ({}, {"AWS_CA_BUNDLE": "/no/such/bundle.pem"}, ()),
        ({}, {"HTTPS_PROXY": "socks5://u:hush@proxy"}, ()),
        (
            {
                "litellm_settings": {
                    "model_group_settings": {"forward_client_headers_to_llm_api": ["chat", "chta"]}
                }
            },
            {},
            (
                "litellm_settings",
                "model_group_settings",
                "forward_client_headers_to_llm_api",
                1,
            ),
        ),
    ],
)
def test_what_holds_for_all_models_is_judged_at_start(
    sections: dict[str, Any], environ: dict[str, str], path: tuple[str | int, ...]
) -> None:
    """Certificates that are not to be checked, lost bundles and proxies, models that are none."""
    (fault,) = deployments.faults(config(**sections), {**ENVIRON, **environ})
    assert fault.path == path
    assert "hush" not in fault.message


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"allowed_client_headers": ["X-Other"]}, ("allowed_client_headers", 0)),
        ({"target_variant": "a_b"}, ("target_variant",)),
        ({"target_model": "m", "stream_mode": "real"}, ("target_model",)),
        (
            {"use_fips_endpoint": True, "api_base": "http://127.0.0.1:1"},
            ("use_fips_endpoint",),
        ),
    ],
)
def test_a_deployments_faults_have_their_place(
    params: dict[str, Any], key: tuple[str | int, ...]
) -> None:
    """The loader can point at the line."""
    (fault,) = deployments.faults(config(model_list=models(**params)), ENVIRON)
    assert fault.path == ("model_list", 0, "litellm_params", *key)
