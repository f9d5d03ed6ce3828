"""Two gateways on one database: what one does the other knows, within its bound (case A9)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from proxy.keys.live import INTERVAL
from tests.postgres_server import serve_postgres
from tests.proxy.keys.office import PRICES, error_of, opened
from tests.proxy.served import KEY, entry

MODELS = [entry("chat", "sagemaker_chat/chat-endpoint", **PRICES)]
#: The bound, and time for a busy machine.
SOON = INTERVAL + 5


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what is promised within the bound."""
    async with asyncio.timeout(SOON):
        while not await reached():  # noqa: ASYNC110 - another process's news: nothing to wait on
            await asyncio.sleep(0.05)


async def test_a09_what_is_done_here_is_true_there(database: str) -> None:
    """A9: a new key works elsewhere at once; blocked, changed or deleted, soon not any more."""
    async with opened(database) as here, opened(database) as there:
        made = await here.made(models=["chat"])
        assert (await there.chat(made["key"])).status_code == 200

        await here.post("/key/block", key=made["key"])
        assert await here.status(made["key"]) == 401
        await until(lambda: _is(there.status(made["key"]), 401))
        await here.post("/key/unblock", key=made["key"])
        await until(lambda: _is(there.status(made["key"]), 200))

        fresh = (await here.post("/key/regenerate", key=made["key"])).json()
        assert await there.status(fresh["key"]) == 200
        await until(lambda: _is(there.status(made["key"]), 401))

        await there.post("/key/delete", keys=[fresh["key"]])
        await until(lambda: _is(here.status(fresh["key"]), 401))


async def test_what_is_spent_here_is_missing_there(database: str) -> None:
    """A budget that one gateway has spent is soon spent in the other one, too."""
    async with (
        opened(database, model_list=MODELS) as here,
        opened(database, model_list=MODELS) as there,
    ):
        made = await here.made(max_budget=2)
        assert (await here.chat(made["key"])).status_code == 200
        await until(lambda: _is(_asked(there, made["key"]), 429))


async def test_together_they_write_all_of_it_down(database: str) -> None:
    """Spend that several write down at once adds up."""
    async with (
        opened(database, model_list=MODELS) as here,
        opened(database, model_list=MODELS) as there,
    ):
        made = await here.made()
        await there.status(made["key"])
        both = [office.chat(made["key"]) for office in (here, there) for _ in range(10)]
        assert {answer.status_code for answer in await asyncio.gather(*both)} == {200}
        for office in (here, there):
            await office.client.get("/spend/logs")
        assert (await here.info(made["key"]))["spend"] == 20 * 2.5


async def test_wrong_keys_at_once_cost_few_looks(sqlite: str) -> None:
    """A flood of unknown keys is refused with shared looks at the database, not one each."""
    async with opened(sqlite) as office:
        wrong = [office.status(f"sk-nobody-has-this-{index}") for index in range(200)]
        async with asyncio.timeout(20):
            assert set(await asyncio.gather(*wrong)) == {401}


async def test_a_database_that_goes_away() -> None:
    """Without its database a gateway serves the keys that it knows; nothing that was spent is lost.

    Changes are refused with 503 until it is back, and then go on by themselves.
    """
    with serve_postgres() as server:
        async with opened(server.url, model_list=MODELS) as office:
            made = await office.made()
            server.stop()
            assert (await office.chat(made["key"])).status_code == 200
            assert await office.status("sk-nobody-has-this-key") == 401
            answer = await office.post("/key/block", key=made["key"])
            assert (answer.status_code, error_of(answer)["code"]) == (503, "database_unavailable")
            assert "retry-after" in answer.headers
            assert (await office.chat(made["key"])).status_code == 200
            server.start()
            await until(lambda: _written(office.client.get("/spend/logs"), 2))
            assert (await office.info(made["key"]))["spend"] == 2 * 2.5
            await office.post("/key/block", key=made["key"])
            assert await office.status(made["key"]) == 401


async def test_a_restored_copy(postgresql: str) -> None:
    """An older copy of the database that takes its place is believed: its keys are the keys."""
    async with opened(postgresql) as office:
        made = await office.made()
        connection = await asyncpg.connect(postgresql)
        await connection.execute("DELETE FROM sagegate_keys; UPDATE sagegate_changes SET keys = 0")
        await connection.close()
        await until(lambda: _is(office.status(made["key"]), 401))
        assert await office.status(KEY) == 200


async def _is(status: Awaitable[int], expected: int) -> bool:
    return await status == expected


async def _asked(office: object, key: str) -> int:
    answer = await office.chat(key)  # type: ignore[attr-defined]
    status: int = answer.status_code
    return status


async def _written(asked: Awaitable[object], count: int) -> bool:
    answer = await asked
    return len(answer.json()) == count  # type: ignore[attr-defined]
