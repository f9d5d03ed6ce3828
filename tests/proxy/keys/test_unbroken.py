"""What the database is asked comes to its end: a statement that breaks off can hold the process."""

from __future__ import annotations

import asyncio

from proxy.keys.database import bring_up_to_date, engine_for
from proxy.keys.store import KeyStore

#: Longer than a look takes, in steps that are shorter than what it consists of.
_MOMENTS = 40
_STEP = 0.0002


async def test_who_asks_may_be_cancelled_at_any_moment(database: str) -> None:
    """Nothing is left over then, and the database can be asked as before.

    Whoever is cancelled a second time waits for nothing at all.
    """
    engine = engine_for(database)
    await bring_up_to_date(engine)
    store = KeyStore(engine)
    before = await store.changes()
    for moment in range(_MOMENTS):
        asking = asyncio.create_task(store.changes())
        await asyncio.sleep(moment * _STEP)
        asking.cancel()
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert await store.changes() == before
    asking = asyncio.create_task(store.changes())
    await asyncio.sleep(0)
    asking.cancel()
    await store.aclose()
    await asyncio.gather(asking, return_exceptions=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_failure_is_nobodys_once_nobody_waits(sqlite: str) -> None:
    """It is no error that the loop has to tell of."""
    store = KeyStore(engine_for(sqlite))  # without tables
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    asking = asyncio.create_task(store.changes())
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await store.aclose()
    del asking
    await asyncio.sleep(0)
    assert told == []
