"""A model behind the cache is asked once for what does not change."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from adapters.answer import Answer
from adapters.base import Head, Json
from adapters.errors import ModelError
from proxy.cache.memory import MemoryStore
from proxy.cache.store import StoreUnavailable
from tests.proxy.cache.scripted import (
    HEAD,
    PARAMS,
    ScriptedModel,
    Stage,
    a_call,
    chat_answer,
)


class BrokenStore(MemoryStore):
    """Can't be asked, or can't be written."""

    def __init__(self, *broken: str) -> None:
        super().__init__(1_000_000)
        self.broken = broken
        self.asked: list[str] = []

    async def get(self, key: str) -> bytes | None:
        self.asked.append("get")
        if "get" in self.broken:
            raise StoreUnavailable
        return await super().get(key)

    async def put(self, key: str, data: bytes, seconds: float) -> None:
        self.asked.append("put")
        if "put" in self.broken:
            raise StoreUnavailable
        await super().put(key, data, seconds)


async def test_the_second_time_the_model_is_not_asked() -> None:
    """The same request gets the same answer, id and time included, and AWS has said nothing."""
    stage = Stage()
    first, missed = await stage.ask()
    second, hit = await stage.ask()
    assert second.body == first.body
    assert (second.usage_source, second.head) == ("container", Head())
    assert stage.asked == 1
    assert (missed.cache, hit.cache) == ("miss", "hit")
    assert missed.cache_key == hit.cache_key != ""


async def test_a_hit_is_reported_once_and_took_nothing() -> None:
    """The model reports what it answers; the cache reports its own: no deployment, no usage."""
    stage = Stage()
    await stage.ask()
    assert stage.reported == []
    _, hit = await stage.ask()
    assert stage.reported == [hit]
    assert (hit.outcome, hit.deployment, hit.usage) == ("ok", None, None)
    assert hit.first_byte is not None


async def test_nobody_can_change_what_others_get() -> None:
    """Whatever is done to an answer that was given, the kept one stays as it was."""
    stage = Stage()
    first, _ = await stage.ask()
    first.body["choices"].clear()
    second, _ = await stage.ask()
    second.body["choices"][0]["message"]["content"] = "changed"
    third, _ = await stage.ask()
    assert third.body == chat_answer().body


async def test_failures_are_not_kept() -> None:
    """An error is raised each time anew, until there is a good answer."""
    error = ModelError("boom", status=500)
    stage = Stage(ScriptedModel(answers=[error, chat_answer()]))
    with pytest.raises(ModelError):
        await stage.ask()
    await stage.ask()
    _, call = await stage.ask()
    assert stage.asked == 2
    assert call.cache == "hit"


@pytest.mark.parametrize(
    "other",
    [
        {"params": {**PARAMS, "temperature": 1}},
        {"caller": "somebody else"},
        {"namespace": "elsewhere"},
        {"headers": (("x-amzn-sagemaker-target-variant", "b"),)},
    ],
)
async def test_another_request_has_another_answer(other: dict[str, Any]) -> None:
    """Parameters, callers, namespaces and forwarded headers each keep answers apart."""
    stage = Stage()
    await stage.ask()
    params = other.pop("params", PARAMS)
    await stage.ask(params, a_call(**other))
    assert stage.asked == 2


async def test_callers_share_only_where_that_is_said() -> None:
    """With `shared_between_callers` one caller's answer is another one's."""
    stage = Stage(policy={"shared": True})
    await stage.ask(call=a_call(caller="a"))
    _, call = await stage.ask(call=a_call(caller="b"))
    assert call.cache == "hit"


async def test_other_settings_find_no_old_answers() -> None:
    """After a deployment's settings changed, the store's older answers are not found."""
    before = Stage(settings="one")
    await before.ask()
    after = Stage(store=before.store, settings="two")
    await after.ask()
    assert after.asked == 1


async def test_no_cache_asks_anew_and_keeps() -> None:
    """`no-cache` takes no kept answer, and its own one replaces it."""
    stage = Stage(ScriptedModel(answers=[chat_answer("old"), chat_answer("new")]))
    await stage.ask()
    _, call = await stage.ask(no_cache=True)
    assert call.cache == "bypass"
    assert call.cache_key is not None
    answer, _ = await stage.ask()
    assert answer.body["choices"][0]["message"]["content"] == "new"


async def test_no_store_takes_and_does_not_keep() -> None:
    """`no-store` leaves nothing behind, whole or streamed, and takes what is there."""
    stage = Stage()
    await stage.ask(no_store=True)
    await stage.read(no_store=True)
    assert stage.asked == 2
    await stage.ask()
    _, call = await stage.ask(no_store=True)
    assert call.cache == "hit"


async def test_both_together_leave_the_cache_alone() -> None:
    """`no-cache` with `no-store` has nothing to do with the cache."""
    stage = Stage(store=BrokenStore("get", "put"))
    _, call = await stage.ask(no_cache=True, no_store=True)
    assert (call.cache, call.cache_key) == ("bypass", None)


async def test_a_requests_ttl_is_its_answers() -> None:
    """`ttl` goes before the configuration's, which holds without it."""
    stage = Stage()
    await stage.ask(ttl=10)
    stage.clock.now += 11
    await stage.ask()
    assert stage.asked == 2
    stage.clock.now += 59
    _, call = await stage.ask()
    assert call.cache == "hit"
    stage.clock.now += 1
    _, call = await stage.ask()
    assert call.cache == "miss"


async def test_what_is_too_old_for_a_request_is_renewed() -> None:
    """`s-maxage` takes an answer of that age, and no older one; the new one is kept."""
    stage = Stage()
    await stage.ask()
    stage.clock.now += 10
    _, young = await stage.ask(max_age=10)
    _, old = await stage.ask(max_age=9)
    assert (young.cache, old.cache) == ("hit", "miss")
    _, renewed = await stage.ask(max_age=9)
    assert renewed.cache == "hit"


async def test_default_off_wants_to_be_asked() -> None:
    """With `default_off` only `use-cache` caches; with `default_on` all but `use-cache: false`."""
    off = Stage(policy={"default_on": False})
    await off.ask()
    await off.ask(use_cache=True)
    _, call = await off.ask(use_cache=True)
    assert (off.asked, call.cache) == (2, "hit")
    _, call = await off.ask()
    assert call.cache == "bypass"
    on = Stage()
    await on.ask()
    _, call = await on.ask(use_cache=False)
    assert call.cache == "bypass"


async def test_only_supported_tasks_are_cached() -> None:
    """What `supported_call_types` leaves out is asked each time."""
    stage = Stage(policy={"tasks": frozenset({"embedding"})})
    await stage.ask()
    await stage.ask()
    assert stage.asked == 2
    await stage.ask(call=a_call("embedding"))
    _, call = await stage.ask(call=a_call("embedding"))
    assert call.cache == "hit"


async def test_a_session_is_never_cached() -> None:
    """What a session was told before is part of the question, so its answers are not kept."""
    headers = (("X-Amzn-SageMaker-Session-Id", "s-1"),)
    stage = Stage()
    for _ in range(2):
        _, call = await stage.ask(call=a_call(headers=headers))
        assert call.cache == "bypass"
    assert stage.asked == 2


async def test_what_is_too_large_is_not_kept() -> None:
    """An answer above `max_entry_mb` is given and not kept."""
    stage = Stage(policy={"entry_bytes": 400})
    await stage.ask()
    assert stage.asked == 1
    await stage.ask()
    assert stage.asked == 1
    large = Stage(ScriptedModel(answers=[chat_answer("x" * 400)]), policy={"entry_bytes": 400})
    await large.ask()
    await large.ask()
    assert large.asked == 2


async def test_what_is_nested_too_deeply_passes_by() -> None:
    """Neither a request nor an answer that can't be written is a failure of the cache."""
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    stage = Stage(ScriptedModel(answers=[chat_answer(), chat_answer(deep=deep)]))
    _, call = await stage.ask({**PARAMS, "deep": deep})
    assert (call.cache, call.cache_key) == ("bypass", None)
    for _ in range(2):
        answer, call = await stage.ask()
        assert answer.body["deep"] is deep
        assert call.cache == "miss"


@pytest.mark.parametrize("stored", [b"", b"\xff", b"[]", b"{}", b'{"stored": "now", "body": {}}'])
async def test_what_somebody_else_has_stored_is_a_miss(stored: bytes) -> None:
    """Bytes that are no entry are replaced, never given."""
    stage = Stage()
    _, call = await stage.ask()
    assert stage.store is not None
    assert call.cache_key is not None
    await stage.store.put(call.cache_key, stored, 60)
    _, call = await stage.ask()
    assert call.cache == "miss"
    _, call = await stage.ask()
    assert call.cache == "hit"


async def test_a_store_that_is_away_is_nobodys_failure() -> None:
    """Without the store every request is answered by the model; it is not even asked to keep."""
    store = BrokenStore("get", "put")
    stage = Stage(store=store)
    _, call = await stage.ask()
    assert (call.cache, call.cache_key) == ("bypass", None)
    _, call = await stage.read()
    assert (call.cache, call.cache_key) == ("bypass", None)
    assert store.asked == ["get", "get"]


async def test_a_store_that_goes_away_meanwhile_is_nobodys_failure() -> None:
    """An answer that can't be kept is given all the same, and names no key."""
    stage = Stage(store=BrokenStore("put"))
    answer, call = await stage.ask()
    assert answer.body == chat_answer().body
    assert (call.cache, call.cache_key) == ("miss", None)


async def test_leaving_while_the_store_is_asked_is_reported() -> None:
    """A client that leaves before the store has answered is reported once, as gone."""
    reached = asyncio.Event()

    class SlowStore(MemoryStore):
        async def get(self, key: str) -> bytes | None:
            del key
            reached.set()
            await asyncio.Event().wait()
            return None

    stage = Stage(store=SlowStore(1000))
    work = asyncio.ensure_future(stage.ask())
    await reached.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert [call.outcome for call in stage.reported] == ["gone"]
    assert stage.asked == 0


@pytest.mark.parametrize(
    ("task", "body"),
    [
        ("embedding", {"object": "list", "data": [{"embedding": [0.1, -2e-7, 1.0]}]}),
        ("embedding", {"object": "list", "data": [{"embedding": "zczMPQAAAAA="}]}),
        ("rerank", {"id": "r", "results": [{"index": 0, "relevance_score": 0.5}]}),
    ],
)
async def test_whole_answers_of_every_kind_come_back(task: Any, body: Json) -> None:
    """Vectors, as numbers or in base64, and ranks come back exactly as they were."""
    stage = Stage(ScriptedModel(answers=[Answer(body, "counted", HEAD)]))
    await stage.ask(call=a_call(task))
    answer, call = await stage.ask(call=a_call(task))
    assert call.cache == "hit"
    assert orjson.dumps(answer.body) == orjson.dumps(body)


async def test_the_names_are_the_models() -> None:
    """The cache changes neither the model's name nor what its clients may say."""
    stage = Stage()
    assert (stage.model.name, stage.model.permitted_fields) == ("m", frozenset({"model_id"}))
    assert stage.model.schemas is stage.inner.schemas
