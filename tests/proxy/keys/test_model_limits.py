"""A key's limits on single models, and what its answers say of its limits."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.auth.test_static_keys import asked, error_of, keyed
from tests.proxy.keys.office import opened
from tests.proxy.keys.test_budgets import STREAM
from tests.proxy.served import COMPLETION


async def statuses(client: httpx.AsyncClient, model: str, times: int) -> list[int]:
    return [(await asked(client, model)).status_code for _ in range(times)]


async def test_requests_for_one_model() -> None:
    """`model_rpm_limit` counts a model's requests, under whichever of its names; others pass."""
    script = ScriptedInvoker([COMPLETION])
    limits = {"text": 1, "chat": 2}
    async with keyed(script, model_rpm_limit=limits, aliases={"mine": "chat"}) as client:
        assert await statuses(client, "nice", 1) == [200]
        refused = await asked(client, "text")
        assert (refused.status_code, error_of(refused)["type"]) == (429, "rate_limit_error")
        assert "key team-a and model text" in error_of(refused)["message"]
        assert int(refused.headers["retry-after"]) > 0
        assert await statuses(client, "chat", 1) == [200]
        assert await statuses(client, "mine", 2) == [200, 429]
        assert await statuses(client, "team-a/small", 3) == [200, 200, 200]


async def test_a_limit_by_an_alias() -> None:
    """A limit under an alias holds where the alias is asked for."""
    async with keyed(ScriptedInvoker([COMPLETION]), model_rpm_limit={"nice": 1}) as client:
        assert await statuses(client, "nice", 2) == [200, 429]
        assert await statuses(client, "text", 2) == [200, 200]


async def test_tokens_of_one_model() -> None:
    """`model_tpm_limit` counts a model's tokens; a request that can never fit is told so."""
    async with keyed(ScriptedInvoker([COMPLETION]), model_tpm_limit={"chat": 20}) as client:
        assert (await asked(client, "chat", max_tokens=5)).status_code == 200
        large = await asked(client, "chat", max_tokens=50)
        assert large.status_code == 429
        assert large.headers["x-should-retry"] == "false"
        assert (await asked(client, "text", max_tokens=50)).status_code == 200


async def test_a_keys_own_limit_holds_beside_a_models() -> None:
    """Both are taken from together: what one refuses is not counted against the other."""
    async with keyed(ScriptedInvoker([COMPLETION]), rpm=3, model_rpm_limit={"chat": 1}) as client:
        assert await statuses(client, "chat", 3) == [200, 429, 429]
        assert await statuses(client, "text", 3) == [200, 200, 429]


async def test_each_key_counts_for_itself(database: str) -> None:
    """Two virtual keys with the same limit on a model have it each; null takes it away."""
    async with opened(database) as office:
        keys = [(await office.made(model_rpm_limit={"chat": 1}))["key"] for _ in range(2)]
        for key in keys:
            assert [(await office.chat(key)).status_code for _ in range(2)] == [200, 429]
        assert (await office.info(keys[0]))["model_rpm_limit"] == {"chat": 1}
        changed = await office.post("/key/update", key=keys[0], model_rpm_limit=None)
        assert changed.json()["model_rpm_limit"] == {}
        assert (await office.chat(keys[0])).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"model_rpm_limit": {"chat": -1}},
        {"model_rpm_limit": {"chat": "5"}},
        {"model_tpm_limit": {"chat": None}},
        {"model_tpm_limit": ["chat"]},
        {"model_tpm_limit": {"": 1}},
    ],
    ids=str,
)
async def test_limits_that_are_none(sqlite: str, body: dict[str, Any]) -> None:
    """An ill-formed limit is a 400 by name, and no key is made."""
    async with opened(sqlite) as office:
        answer = await office.post("/key/generate", **body)
        assert answer.status_code == 400
        assert error_of(answer)["param"].startswith(next(iter(body)))
        assert (await office.listed())["total_count"] == 0


@pytest.mark.parametrize("stream", [False, True])
async def test_answers_tell_the_keys_limits(sqlite: str, *, stream: bool) -> None:
    """`x-litellm-key-rpm-limit` and `-tpm-limit` are the key's own; without one they are absent."""
    script = ScriptedInvoker([COMPLETION], streams=[STREAM])
    async with opened(sqlite, script) as office:
        limited = (await office.made(rpm_limit=9, tpm_limit=1000))["key"]
        free = (await office.made(max_parallel_requests=2))["key"]
        answer = await office.chat(limited, stream=stream)
        assert answer.headers["x-litellm-key-rpm-limit"] == "9"
        assert answer.headers["x-litellm-key-tpm-limit"] == "1000"
        assert "x-litellm-key-rpm-limit" not in (await office.chat(free)).headers
