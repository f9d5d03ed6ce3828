"""What requests cost, who has spent how much, and what a spent budget does."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from adapters.base import Json
from proxy.keys.duration import seconds_of
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.keys.office import PRICES, Office, error_of, opened
from tests.proxy.served import COMPLETION, KEY, entry

#: One token each way, as the scripted answer has it.
COST = 2.5


def _event(**chunk: Any) -> bytes:
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + orjson.dumps({**head, **chunk}) + b"\n\n"


_TEXT = {"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
_USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
STREAM = [_event(choices=[_TEXT]), _event(choices=[], usage=_USAGE), b"data: [DONE]\n\n"]


def models(**info: Any) -> list[Json]:
    """Give a priced model, one that is priced in its info, and one without a price."""
    return [
        entry("chat", "sagemaker_chat/chat-endpoint", **PRICES),
        {**entry("text", "sagemaker_chat/text-endpoint"), "model_info": {**PRICES, **info}},
        entry("free", "sagemaker_chat/free-endpoint"),
    ]


async def logs(office: Office, **query: Any) -> list[Json]:
    """Give what requests have cost."""
    answer = await office.client.get("/spend/logs", params=query)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()
    return found


async def test_what_an_answer_costs(database: str) -> None:
    """Tokens times price is in the answer's header, in the log of spend, and on the key."""
    async with opened(database, model_list=models()) as office:
        made = await office.made(key_alias="team-a")
        for model in ("chat", "text"):
            answer = await office.chat(made["key"], model)
            assert float(answer.headers["x-litellm-response-cost"]) == COST
        free = await office.chat(made["key"], "free")
        assert "x-litellm-response-cost" not in free.headers
        await office.chat(KEY)

        rows = await logs(office)
        assert [(row["key_alias"], row["model"], row["spend"]) for row in rows] == [
            ("admin", "chat", COST),
            ("team-a", "free", 0),
            ("team-a", "text", COST),
            ("team-a", "chat", COST),
        ]
        assert rows[-1]["api_key"] == made["token"]
        assert rows[-1]["total_tokens"] == 2
        assert (await office.info(made["key"]))["spend"] == 2 * COST
        assert len(await logs(office, api_key=made["key"])) == 3
        assert len(await logs(office, request_id=rows[0]["request_id"])) == 1
        assert await logs(office, start_date="2999-01-01") == []
        assert await logs(office, end_date="2020-01-01") == []
        wrong = await office.client.get("/spend/logs", params={"start_date": "soon"})
        assert (wrong.status_code, error_of(wrong)["param"]) == (400, "start_date")


async def test_seconds_have_a_price_too(sqlite: str) -> None:
    """`input_cost_per_second` is the time that the deployment was at work."""
    by_second = [entry("chat", "sagemaker_chat/chat-endpoint", input_cost_per_second=1000)]
    async with opened(sqlite, model_list=by_second) as office:
        answer = await office.chat(KEY)
        assert float(answer.headers["x-litellm-response-cost"]) > 0
        assert (await logs(office))[0]["spend"] > 0


async def test_streams_cost_what_they_say_at_their_end(sqlite: str) -> None:
    """A stream is counted with the usage of its last record, asked for by the client or not."""
    script = ScriptedInvoker(streams=[STREAM])
    async with opened(sqlite, script, model_list=models()) as office:
        made = await office.made()
        assert (await office.chat(made["key"], stream=True)).status_code == 200
        assert (await logs(office))[0]["spend"] == 3 * 0.5 + 4 * 2


async def test_a_spent_budget(database: str) -> None:
    """With its budget spent a key gets 429, at once; raising it, or another key, works on."""
    async with opened(database, model_list=models()) as office:
        made = await office.made(key_alias="team-a", max_budget=COST + 0.1)
        assert [(await office.chat(made["key"])).status_code for _ in range(3)] == [200, 200, 429]
        refused = await office.chat(made["key"])
        assert error_of(refused)["type"] == "budget_exceeded"
        assert error_of(refused)["code"] == "budget_exceeded"
        assert refused.headers["x-should-retry"] == "false"
        assert await office.status(made["key"]) == 200
        assert (await office.chat(KEY)).status_code == 200
        await office.post("/key/update", key=made["key"], max_budget=100)
        assert (await office.chat(made["key"])).status_code == 200
        await office.post("/key/update", key=made["key"], max_budget=0)
        assert (await office.chat(made["key"])).status_code == 429


async def test_a_budget_begins_anew(database: str) -> None:
    """After `budget_duration` the spend begins again at nothing, in memory and in the database."""
    async with opened(database, model_list=models()) as office:
        made = await office.made(max_budget=COST, budget_duration="1s")
        assert (await office.chat(made["key"])).status_code == 200
        statuses = [(await office.chat(made["key"])).status_code]
        async with asyncio.timeout(10):
            while statuses[-1] != 200:
                await asyncio.sleep(0.05)
                statuses.append((await office.chat(made["key"])).status_code)
        assert statuses[0] == 429
        await logs(office)
        info = await office.info(made["key"])
        assert info["spend"] == COST
        assert info["budget_reset_at"] > made["budget_reset_at"]


async def test_spend_survives_a_restart(database: str) -> None:
    """What was spent last is written down before the process ends."""
    async with opened(database, model_list=models()) as office:
        made = await office.made(max_budget=COST)
        await office.chat(made["key"])
    async with opened(database, model_list=models()) as office:
        assert (await office.info(made["key"]))["spend"] == COST
        assert (await office.chat(made["key"])).status_code == 429


async def test_a_regenerated_key_has_spent_as_much(sqlite: str) -> None:
    """A new key in the old one's place does not make its spend undone."""
    async with opened(sqlite, model_list=models()) as office:
        made = await office.made(max_budget=COST)
        await office.chat(made["key"])
        await logs(office)
        fresh = (await office.post("/key/regenerate", key=made["key"])).json()
        assert (await office.chat(fresh["key"])).status_code == 429


async def test_a_client_sets_no_price(sqlite: str) -> None:
    """Prices in a request are refused: they are the configuration's."""
    async with opened(sqlite, model_list=models()) as office:
        made = await office.made(max_budget=1)
        for name in PRICES:
            prices: dict[str, Any] = {name: 0}
            answer = await office.chat(made["key"], **prices)
            assert (answer.status_code, error_of(answer)["param"]) == (400, name)


async def test_failures_cost_nothing(sqlite: str) -> None:
    """A call that failed is in the log of spend, for nothing."""
    script = ScriptedInvoker([b"no json"])
    async with opened(sqlite, script, model_list=models()) as office:
        made = await office.made()
        assert (await office.chat(made["key"], num_retries=0)).status_code == 502
        row = (await logs(office))[0]
        assert (row["status"], row["spend"]) == ("failed", 0)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("2h", 7200), ("1mo", 2592000), ("1w", 604800)]
)
def test_spans_of_time(text: str, seconds: float) -> None:
    """Spans are spelt as LiteLLM spells them."""
    assert seconds_of(text) == seconds


def test_the_scripted_answer() -> None:
    """The figures above belong to the scripted answer."""
    usage: Json = COMPLETION["usage"]  # type: ignore[assignment]
    assert usage["prompt_tokens"] * 0.5 + usage["completion_tokens"] * 2 == COST
