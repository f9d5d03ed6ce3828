"""Old rows of spend are deleted in the background; what keys have spent stays counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.config.schema import GeneralSettings
from proxy.keys.database import bring_up_to_date, engine_for
from proxy.keys.retention import Retention, delete_old, retained
from proxy.keys.spend import SpendLog
from proxy.keys.store import KeyStore
from tests.proxy.keys.office import PRICES, opened
from tests.proxy.keys.test_budgets import COST, logs
from tests.proxy.served import entry

DAY = 86400.0


def row(number: int, started_at: float) -> SpendLog:
    """Give one row."""
    return SpendLog(
        request_id=f"r{number}",
        digest="",
        alias="admin",
        task="chat",
        model="chat",
        deployment="d",
        started_at=started_at,
        ended_at=started_at + 1,
        prompt_tokens=1,
        completion_tokens=1,
        spend=1.0,
        outcome="ok",
    )


@asynccontextmanager
async def stored(address: str, *rows: SpendLog) -> AsyncIterator[KeyStore]:
    """Keep rows in a database."""
    engine = engine_for(address)
    await bring_up_to_date(engine)
    store = KeyStore(engine)
    await store.spend([], rows)
    try:
        yield store
    finally:
        await store.aclose()


async def test_old_rows_go_and_young_ones_stay(database: str) -> None:
    """Rows that are older than the period are deleted, in batches, and no others."""
    now = 1000 * DAY
    old = [row(n, now - 91 * DAY - n) for n in range(1200)]
    young = [row(5000 + n, now - 89 * DAY) for n in range(3)]
    async with stored(database, *old, *young) as store:
        assert await delete_old(store, Retention(90 * DAY, DAY), now) == 1200
        assert {log.request_id for log in await store.logs()} == {"r5000", "r5001", "r5002"}
        assert await delete_old(store, Retention(90 * DAY, DAY), now) == 0


async def test_others_write_meanwhile(sqlite: str) -> None:
    """While old rows are deleted spend is written down as ever."""
    now = 1000 * DAY
    old = [row(n, 1.0) for n in range(2000)]
    async with stored(sqlite, *old) as store:
        deleting = asyncio.create_task(delete_old(store, Retention(90 * DAY, DAY), now))
        for number in range(20):
            await store.spend([], [row(9000 + number, now)])
        assert await deleting == 2000
        assert len(await store.logs()) == 20


async def test_it_is_done_again_and_again(sqlite: str) -> None:
    """A gateway deletes at its start and after each interval."""
    now = time.time()
    async with (
        stored(sqlite, row(1, now - 100)) as store,
        retained(store, Retention(period=50, interval=0.05)),
        asyncio.timeout(10),
    ):
        while await store.logs():  # noqa: ASYNC110 - the database has no event
            await asyncio.sleep(0.02)
        await store.spend([], [row(2, now - 60)])
        while await store.logs():  # noqa: ASYNC110 - the database has no event
            await asyncio.sleep(0.02)


async def test_a_database_that_fails_ends_nothing(sqlite: str) -> None:
    """What can't be deleted now is deleted later: the task goes on."""
    async with stored(sqlite, row(1, 1.0)) as store:
        async with store._engine.begin() as connection:  # noqa: SLF001 - the fault itself
            await connection.exec_driver_sql("ALTER TABLE sagegate_spend_logs RENAME TO elsewhere")
        async with retained(store, Retention(period=50, interval=0.05)), asyncio.timeout(10):
            await asyncio.sleep(0.1)
            async with store._engine.begin() as connection:  # noqa: SLF001 - its repair
                await connection.exec_driver_sql(
                    "ALTER TABLE elsewhere RENAME TO sagegate_spend_logs"
                )
            while await store.logs():  # noqa: ASYNC110 - the database has no event
                await asyncio.sleep(0.02)


async def test_spend_of_keys_stays(sqlite: str) -> None:
    """A key's spend does not become less when its rows are deleted."""
    models = [entry("chat", "sagemaker_chat/chat-endpoint", **PRICES)]
    async with opened(sqlite, model_list=models) as office:
        made = await office.made(max_budget=COST)
        await office.chat(made["key"])
        assert len(await logs(office)) == 1
        store = KeyStore(engine_for(sqlite))
        assert await delete_old(store, Retention(1, 1), time.time() + 10) == 1
        await store.aclose()
        assert await logs(office) == []
        assert (await office.info(made["key"]))["spend"] == COST
        assert (await office.chat(made["key"])).status_code == 429


@pytest.mark.parametrize("text", ["90", "", "0d", "soon"])
def test_spans_that_are_none(text: str) -> None:
    """A period is spelt as LiteLLM spells it."""
    with pytest.raises(ValueError, match="span of time"):
        GeneralSettings(maximum_spend_logs_retention_period=text)
