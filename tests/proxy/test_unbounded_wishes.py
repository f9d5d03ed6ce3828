"""Requests for more than anybody can want (case E11): refused before SageMaker is asked."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Json
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import COMPLETION, config, entry, served

CHAT: Json = {"messages": [{"role": "user", "content": "Hi"}]}
HUGE: list[tuple[str, str, Json]] = [
    *(
        ("/v1/chat/completions", model, {**CHAT, **wish})
        for model in ("chat", "text", "tgi", "lmi", "llama")
        for wish in (
            {"n": 100_000},
            {"max_tokens": 10**12},
            {"max_completion_tokens": 10**12},
            {"logprobs": True, "top_logprobs": 10**9},
            {"n": 10**30},
        )
    ),
    *(
        ("/v1/completions", model, {"prompt": "Hi", **wish})
        for model in ("text", "tgi", "lmi")
        for wish in ({"n": 100_000}, {"best_of": 10**9}, {"prompt": ["x"] * 10_000})
    ),
    ("/v1/embeddings", "text", {"input": ["x"] * 100_000}),
    ("/v1/rerank", "text", {"query": "q", "documents": ["x"] * 100_000}),
]


@pytest.mark.parametrize(("path", "model", "body"), HUGE, ids=lambda each: str(each)[:60])
async def test_e11_what_nobody_can_want(path: str, model: str, body: Json) -> None:
    """Counts beyond all bounds are a 400 that names the field, and no call is made."""
    script = ScriptedInvoker(replies=[COMPLETION])
    settings: Any = config(
        model_list=[
            entry("chat", "sagemaker_chat/e"),
            entry("text", "sagemaker/e"),
            entry("tgi", "sagemaker/e", format="tgi"),
            entry("lmi", "sagemaker/e", format="lmi"),
            entry("llama", "sagemaker/e", format="llama2"),
        ]
    )
    async with served(script, settings) as client:
        answer = await client.post(path, json={"model": model, **body})

    assert answer.status_code == 400, (answer.status_code, len(script.calls))
    assert answer.json()["error"]["param"]
    assert script.calls == []
