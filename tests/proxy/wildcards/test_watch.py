"""Refreshing beside the requests: when AWS is asked, how often at once, and until when."""

from __future__ import annotations

import asyncio

from proxy.wildcards.watch import refreshed
from tests.proxy.served import entry
from tests.proxy.wildcards.account import THROTTLED, ScriptedAccount
from tests.proxy.wildcards.registries import registry_of


class Naps:
    """Pauses that end when the test says so."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[float] = asyncio.Queue()
        self.wake = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.put_nowait(seconds)
        await self.wake.wait()
        self.wake.clear()


async def test_aws_is_asked_at_once_and_after_each_pause() -> None:
    """Never earlier than configured, and never much later; a failure changes nothing of it."""
    account = ScriptedAccount()
    discover = {"refresh_seconds": 60}
    models = registry_of(entry("sm/*", "sagemaker/*", discover=discover), account=account)
    naps = Naps()
    async with asyncio.timeout(10), refreshed(models.listings, sleep=naps):
        for number in (1, 2, 3):
            assert 60 <= await naps.asked.get() <= 66
            assert len(account.calls) == number
            account.error = THROTTLED
            naps.wake.set()
        await naps.asked.get()
    assert len(account.calls) == 4


async def test_the_start_waits_for_nobody_and_the_end_ends_it() -> None:
    """With AWS silent the block begins and ends, and one call was under way, not several."""
    account = ScriptedAccount()
    account.open.clear()
    models = registry_of(entry("sm/*", "sagemaker/*", discover={}), account=account)
    before = asyncio.all_tasks()
    async with asyncio.timeout(10), refreshed(models.listings):
        await account.asked.wait()
    assert account.calls == ["list_endpoints None"]
    assert asyncio.all_tasks() == before


async def test_without_discovery_nothing_runs() -> None:
    """A configuration that does not ask for it costs no task."""
    models = registry_of(entry("sm/*", "sagemaker/*"))
    before = asyncio.all_tasks()
    async with refreshed(models.listings):
        assert asyncio.all_tasks() == before
