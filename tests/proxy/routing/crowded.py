"""Deployments whose calls end when a test says so."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from adapters import formats
from adapters.base import Limits, Payload, Reply, Target
from adapters.endpoint import Endpoint
from adapters.errors import ModelNotFound
from proxy.routing.call import Call
from proxy.routing.fallbacks import Fallbacks
from proxy.routing.member import Member
from proxy.routing.model import PublicModel
from proxy.routing.permits import AdmissionPolicy
from proxy.routing.pool import Pool
from proxy.routing.times import Times
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import HEAD, ScriptedInvoker, ScriptedStream

ASK = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
TOKEN = b"data:" + orjson.dumps({"token": {"text": "a"}}) + b"\n\n"
LAST = b"data:" + orjson.dumps({"token": {"text": "b"}, "generated_text": "ab"}) + b"\n\n"


class HeldInvoker(ScriptedInvoker):
    """Holds every call until it is let go; streams play at once."""

    def __init__(self, *, held: bool = True) -> None:
        super().__init__(streams=[[TOKEN, LAST]])
        self.under_way = 0
        self.most = 0
        self.go = asyncio.Event()
        if not held:
            self.go.set()

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        self.calls.append(("invoke", target, payload, limits))
        self._begin()
        try:
            await self.go.wait()
            await asyncio.sleep(0)
        finally:
            self.under_way -= 1
        return Reply(head=HEAD, body=orjson.dumps([{"generated_text": "x"}]))

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> Any:
        stream = _Counted(await super().open_stream(target, payload, limits), self)
        self._begin()
        return stream

    def _begin(self) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)


class _Counted:
    def __init__(self, stream: ScriptedStream, invoker: HeldInvoker) -> None:
        self.head = stream.head
        self.chunks = stream.chunks
        self._stream = stream
        self._invoker = invoker

    async def aclose(self) -> None:
        if not self._stream.closed.is_set():
            self._invoker.under_way -= 1
        await self._stream.aclose()


def member(name: str, invoker: ScriptedInvoker, *, total: float = 5, **settings: Any) -> Member:
    """Give a deployment; `limit`, `queue` and the like are its admission's."""
    order = settings.pop("order", 0)
    endpoint = Endpoint(
        id=name, target=make_target(), format=formats.load("huggingface"), invoker=invoker
    )
    return Member(
        endpoint=endpoint,
        times=Times(total=total),
        order=order,
        admission=AdmissionPolicy(name="The model 'm'", **settings) if settings else None,
    )


def model(*members: Member, stand_in: Member | None = None) -> PublicModel:
    """Give a public model of these deployments, and one that stands in for it."""

    def find(name: str) -> Pool:
        if stand_in is None:
            raise ModelNotFound(name)
        return Pool(model="other", members=(stand_in,))

    return PublicModel(
        pool=Pool(model="m", members=members),
        find=find,
        report=lambda _: None,
        fallbacks=Fallbacks(default=("other",) if stand_in else ()),
    )


def call(caller: str = "me", *, stream: bool = False) -> Call:
    """Give a request."""
    return Call(id="c1", task="chat", model="m", caller=caller, stream=stream)
