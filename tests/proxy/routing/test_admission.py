"""Every call that goes upstream holds a permit for as long as it lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.base import Limits, Payload, Target
from adapters.errors import InvalidRequest, Throttled
from proxy.routing.admission import Admitted
from proxy.routing.permits import AdmissionPolicy, Permits, Place
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.routing.groups import Clock

TARGET = Target(
    model="m", endpoint="e", region="us-east-1", invoke_url="http://e", stream_url="http://e"
)
PAYLOAD = Payload(body=b"{}")


class Door:
    """A scripted way to a deployment, with permits before it."""

    def __init__(self, **script: Any) -> None:
        self.clock = Clock()
        self.permits = Permits(self.clock)
        self.script = ScriptedInvoker(**script)

    def admitted(self, **changes: Any) -> Admitted:
        """Give the way for one request."""
        policy = AdmissionPolicy(**{"name": "m", "limit": 1, **changes})
        return Admitted(self.script, self.permits, Place(policy=policy))


async def test_a_call_holds_its_permit_while_it_lasts() -> None:
    """The second call goes upstream only after the first has ended."""
    door = Door(replies=[None, {"answer": 2}])
    first = asyncio.ensure_future(door.admitted().invoke(TARGET, PAYLOAD, Limits()))
    await door.script.called.wait()
    second = asyncio.ensure_future(door.admitted().invoke(TARGET, PAYLOAD, Limits()))
    await asyncio.sleep(0)
    assert len(door.script.calls) == 1
    first.cancel()
    assert (await second).body == b'{"answer":2}'
    assert door.permits.held == 0


@pytest.mark.parametrize("operation", ["invoke", "open_stream"])
async def test_a_failure_gives_the_permit_back(operation: str) -> None:
    """A call that failed is no longer under way."""
    failure = InvalidRequest("no")
    door = Door(replies=[failure], streams=[failure])
    with pytest.raises(InvalidRequest):
        await getattr(door.admitted(), operation)(TARGET, PAYLOAD, Limits())
    assert door.permits.held == 0


async def test_a_stream_holds_its_permit_until_it_is_closed() -> None:
    """Reading to the end is not enough; closing twice gives one permit back."""
    door = Door(streams=[[b"a", b"b"]])
    stream = await door.admitted().open_stream(TARGET, PAYLOAD, Limits())
    assert stream.head.request_id == "req-1"
    assert [part async for part in stream.chunks] == [b"a", b"b"]
    assert door.permits.held == 1
    await stream.aclose()
    await stream.aclose()
    assert door.permits.held == 0
    assert door.script.opened[0].closed.is_set()


class StubbornStream:
    """A stream that can't be closed in peace."""

    def __init__(self) -> None:
        self.head = None

    @property
    def chunks(self) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def aclose(self) -> None:
        raise ConnectionError


class StubbornInvoker(ScriptedInvoker):
    """Opens such streams."""

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> Any:
        del target, payload, limits
        return StubbornStream()


async def test_a_stream_that_fails_to_close_gives_its_permit_back() -> None:
    """Whatever goes wrong in closing, nothing is under way afterwards."""
    permits = Permits()
    way = Admitted(StubbornInvoker(), permits, Place(policy=AdmissionPolicy(name="m", limit=1)))
    stream = await way.open_stream(TARGET, PAYLOAD, Limits())
    with pytest.raises(ConnectionError):
        await stream.aclose()
    assert permits.held == 0


async def test_throttling_lowers_an_adaptive_limit_and_success_raises_it() -> None:
    """The deployment's own refusals decide how many calls it gets."""
    adaptive = {"limit": 10, "adaptive": True}
    door = Door(replies=[Throttled("slow down"), {}], streams=[[b""]])
    held = [await door.admitted(**adaptive).open_stream(TARGET, PAYLOAD, Limits()) for _ in "abc"]
    with pytest.raises(Throttled):
        await door.admitted(**adaptive).invoke(TARGET, PAYLOAD, Limits())
    assert door.permits.adaptive.at_most(10) == 2
    for stream in held[:2]:
        await stream.aclose()
    for _ in range(3):
        door.clock.now += 1
        await door.admitted(**adaptive).invoke(TARGET, PAYLOAD, Limits())
    assert door.permits.adaptive.at_most(10) == 3


async def test_a_fixed_limit_learns_nothing() -> None:
    """Without the setting throttling leaves the limit alone."""
    door = Door(replies=[Throttled("slow down")])
    with pytest.raises(Throttled):
        await door.admitted(limit=10).invoke(TARGET, PAYLOAD, Limits())
    assert door.permits.adaptive.at_most(10) == 10
