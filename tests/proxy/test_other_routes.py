"""Embeddings, models, health and the pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, KEY, config, entry, served


@pytest.mark.parametrize(
    "path", ["/embeddings", "/v1/embeddings", "/openai/deployments/text/embeddings"]
)
async def test_embeddings(path: str) -> None:
    """Rows come back under the public name, with the source of the counts."""
    script = ScriptedInvoker(replies=[[[0.5, 1.0]]])
    async with served(script) as client:
        response = await client.post(path, json={"model": "text", "input": "Hi"})
    assert response.json()["data"][0]["embedding"] == [0.5, 1.0]
    assert response.headers["x-sagegate-usage-source"] == "estimate"
    assert script.bodies == [{"inputs": ["Hi"]}]


async def test_only_the_checked_input_is_embedded() -> None:
    """A client's `inputs` beside its `input` is neither sent nor uncounted; flags are not sent."""
    script = ScriptedInvoker(replies=[[[0.5]]])
    body = {"model": "text", "input": "a", "inputs": ["b"], "aws_sagemaker_allow_zero_temp": True}
    async with served(script) as client:
        await client.post("/embeddings", json=body)
    assert script.bodies == [{"inputs": ["a"]}]


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank", "/v2/rerank"])
async def test_rerank(path: str) -> None:
    """Documents come back ranked, in Cohere's shape, cut to the number wanted."""
    script = ScriptedInvoker(replies=[[{"index": 0, "score": 0.1}, {"index": 1, "score": 0.9}]])
    body = {"model": "text", "query": "q", "documents": ["a", "b"], "top_n": 1}
    async with served(script) as client:
        response = await client.post(path, json=body)
    assert response.json()["results"] == [{"index": 1, "relevance_score": 0.9}]
    assert script.bodies[0]["texts"] == ["a", "b"]


async def test_dimensions_need_the_operators_leave() -> None:
    """These containers can't shorten rows: 400 that names the parameter."""
    async with served(ScriptedInvoker(replies=[[[0.5]]])) as client:
        body = {"model": "text", "input": "Hi", "dimensions": 1}
        response = await client.post("/embeddings", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "dimensions"


@pytest.mark.parametrize("reply", [[[0.5], [0.5]], [[]], [["x"]], {"embedding": 3}, [0.5, "x"]])
async def test_rows_that_do_not_fit_are_502(reply: Any) -> None:
    """A row too many, an empty one, or one of text is the container's fault."""
    async with served(ScriptedInvoker(replies=[reply])) as client:
        response = await client.post("/embeddings", json={"model": "text", "input": ["a"]})
    assert response.status_code == 502


async def test_models_are_listed_and_shown() -> None:
    """The configuration's public names, as OpenAI lists models."""
    async with served() as client:
        listed = (await client.get("/v1/models")).json()
        shown = (await client.get("/models/chat")).json()
    assert listed["object"] == "list"
    assert [model["id"] for model in listed["data"]] == ["chat", "text"]
    assert shown == listed["data"][0]
    assert shown["object"] == "model"
    assert shown["owned_by"] == "sagemaker"
    assert isinstance(shown["created"], int)


@pytest.mark.parametrize("path", ["/model/info", "/v1/model/info", "/v2/model/info"])
async def test_deployments_are_described_without_secrets(path: str) -> None:
    """Clients see names, regions, formats and configured facts; no key and no address."""
    params = {"aws_access_key_id": "AKIDONE", "aws_secret_access_key": "s3cr3t", "model_id": "c"}
    model = entry("m", "sagemaker_chat/e", sagemaker_base_url="http://vpce.example", **params)
    facts = {"max_tokens": 9, "tier": "free", "id": "mine"}
    settings = config(model_list=[{**model, "model_info": facts}])
    async with served(settings=settings) as client:
        response = await client.get(path)
    assert response.json() == {
        "data": [
            {
                "model_name": "m",
                "litellm_params": {
                    "model": "sagemaker_chat/e",
                    "aws_region_name": "eu-west-1",
                    "model_id": "c",
                },
                "model_info": {**facts, "format": "messages"},
            }
        ]
    }


async def test_health_calls_no_endpoint() -> None:
    """Liveness and readiness answer by themselves."""
    script = ScriptedInvoker()
    async with served(script) as client:
        assert (await client.get("/health/liveliness")).json() == "I'm alive!"
        assert (await client.get("/health/liveness")).json() == "I'm alive!"
        ready = (await client.get("/health/readiness")).json()
    assert ready == {"status": "healthy", "db": "Not connected"}
    assert script.calls == []


async def test_what_can_be_got_can_be_asked_about() -> None:
    """Load balancers probe with HEAD; the key is asked for all the same."""
    async with served() as client:
        assert (await client.head("/health/readiness")).status_code == 200
    async with served(master_key=KEY) as client:
        del client.headers["authorization"]
        assert (await client.head("/v1/models")).status_code == 401


async def test_the_pages_describe_the_routes() -> None:
    """The root points to the docs; the OpenAPI document has the inference routes and schemas."""
    async with served(ScriptedInvoker(replies=[COMPLETION])) as client:
        root = (await client.get("/")).json()
        document = (await client.get(root["openapi"])).json()
        docs = await client.get(root["docs"])
        await client.post("/chat/completions", json=CHAT)
    assert docs.headers["content-type"].startswith("text/html")
    chat = document["paths"]["/v1/chat/completions"]["post"]
    schema = chat["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["required"]) == {"model", "messages"}
    assert "$ref" not in str(schema)
    assert chat["security"] == [{"bearer": []}]
    assert chat["description"] == "Answer a chat request, as a whole or as a stream."
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    (shown,) = document["paths"]["/v1/models/{id}"]["get"]["parameters"]
    assert (shown["name"], shown["in"]) == ("id", "path")
    assert "/v1/embeddings" in document["paths"]
