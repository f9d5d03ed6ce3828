"""Every check of a caller runs on every inference route, streaming or not (case A13)."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Json
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.keys.office import PRICES, error_of, opened, shown
from tests.proxy.keys.test_budgets import STREAM
from tests.proxy.served import COMPLETION, entry

MODELS = [
    entry("chat", "sagemaker_chat/chat-endpoint", **PRICES),
    entry("embed", "sagemaker/openai/embed-endpoint", **PRICES),
]
MESSAGES = [{"role": "user", "content": "Hi"}]
CALLS: list[tuple[str, Json]] = [
    (f"{prefix}{path}", {"model": "chat", **body, **stream})
    for path, body in (
        ("/chat/completions", {"messages": MESSAGES}),
        ("/completions", {"prompt": "Hi"}),
    )
    for prefix in ("", "/v1", "/engines/chat", "/openai/deployments/chat")
    for stream in ({}, {"stream": True})
]
CALLS += [
    ("/v1/embeddings", {"model": "embed", "input": "Hi"}),
    ("/engines/embed/embeddings", {"input": "Hi"}),
    ("/v2/rerank", {"model": "embed", "query": "q", "documents": ["d"]}),
]
#: What a key is made with, and what it is answered then.
REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"blocked": True}, 401, "key_blocked"),
    ({"models": ["nothing"]}, 403, "key_model_access_denied"),
    ({"allowed_routes": ["/models"]}, 403, "key_route_denied"),
    ({"max_budget": 0}, 429, "budget_exceeded"),
    ({"rpm_limit": 0}, 429, "429"),
    ({"tpm_limit": 0}, 429, "429"),
    ({"max_parallel_requests": 0}, 429, "429"),
    ({"model_rpm_limit": {"chat": 0, "embed": 0}}, 429, "429"),
]


@pytest.mark.parametrize(("terms", "status", "code"), REFUSED, ids=str)
async def test_a13_every_check_on_every_route(
    sqlite: str, terms: dict[str, Any], status: int, code: str
) -> None:
    """A13: what a key may not do it may not do by any route, and nothing is sent to SageMaker."""
    script = ScriptedInvoker([COMPLETION], streams=[STREAM])
    async with opened(sqlite, script, model_list=MODELS) as office:
        key = (await office.made(**terms))["key"]
        for path, body in CALLS:
            answer = await office.client.post(path, json=body, headers=shown(key))
            assert (path, answer.status_code) == (path, status)
            assert error_of(answer)["code"] == code
    assert script.calls == []
