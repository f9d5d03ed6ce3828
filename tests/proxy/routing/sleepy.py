"""Endpoints that have to start, and models in front of them, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from adapters import formats
from adapters.base import Head, HeaderSources, Json, Limits, Payload, Reply, Target
from adapters.endpoint import Endpoint
from adapters.errors import EndpointCold, GatewayError, ModelNotFound
from proxy.routing.call import Call
from proxy.routing.fallbacks import Fallbacks
from proxy.routing.gate import ColdStarts, Gates
from proxy.routing.live import LiveDeployment
from proxy.routing.member import Member
from proxy.routing.model import PublicModel
from proxy.routing.pool import Pool
from proxy.routing.retries import RetryPolicy
from proxy.routing.site import Site
from proxy.routing.times import Times
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedStream
from tests.virtual_time import clock

ASK: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
PATIENT = ColdStarts(wait=900)
LAST = b"data:" + orjson.dumps({"token": {"text": "b"}, "generated_text": "b"}) + b"\n\n"


def no_capacity() -> EndpointCold:
    return EndpointCold("No capacity.", code="no_capacity", retry_after=30)


@dataclass
class Sleepy:
    """An endpoint that starts so many seconds after its first call; each refusal takes a second.

    `starts_in` None: it never starts. `errors` come before anything else.
    """

    starts_in: float | None = 0
    errors: list[GatewayError] = field(default_factory=list)
    answer_seconds: float = 1.0
    awake_at: float | None = None
    under_way: int = 0
    #: When each refused call came, and how many others were under way then.
    refused: list[float] = field(default_factory=list)
    crowds: list[int] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    components: list[str | None] = field(default_factory=list)

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        del payload, limits
        await self._answer(target)
        return Reply(head=Head(), body=orjson.dumps([{"generated_text": "x"}]))

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> ScriptedStream:
        del payload, limits
        await self._answer(target)
        return ScriptedStream([LAST])

    async def _answer(self, target: Target) -> None:
        self.components.append(target.inference_component)
        began, crowd = clock(), self.under_way
        if self.awake_at is None and self.starts_in is not None:
            self.awake_at = began + self.starts_in
        self.under_way += 1
        try:
            if self.errors:
                raise self.errors.pop(0)
            if self.awake_at is None or began < self.awake_at:
                self.refused.append(began)
                self.crowds.append(crowd)
                await asyncio.sleep(1)
                raise no_capacity()
            await asyncio.sleep(self.answer_seconds)
            self.answered.append(began)
        finally:
            self.under_way -= 1

    @property
    def pauses(self) -> list[float]:
        """The seconds between refused calls."""
        return [
            round(later - sooner, 3)
            for sooner, later in zip(self.refused, self.refused[1:], strict=False)
        ]


def member(
    invoker: Sleepy,
    cold: ColdStarts = PATIENT,
    gates: Gates | None = None,
    *,
    endpoint: str = "e",
    clients: frozenset[str] = frozenset(),
    **more: Any,
) -> Member:
    """A deployment; clients may send these headers."""
    sources = HeaderSources(client=clients)
    target = replace(make_target(), endpoint=endpoint, header_sources=sources)
    return Member(
        endpoint=Endpoint(
            id=f"d-{endpoint}-{id(invoker)}",
            target=target,
            format=formats.load("huggingface"),
            invoker=invoker,
        ),
        cold=cold,
        gate=(gates or Gates(clock)).of(Site(endpoint=endpoint)),
        live=LiveDeployment(clock),
        times=more.pop("times", Times(total=30)),
        **more,
    )


def pool(*members: Member, name: str = "m", **more: Any) -> Pool:
    return Pool(model=name, members=members, retries=RetryPolicy(), **more)


def model(
    *members: Member, others: Mapping[str, Pool] | None = None, reports: list[Call] | None = None
) -> PublicModel:
    """A model of these deployments; the others stand in for it, in their order."""
    pools = others or {}

    def find(name: str) -> Pool:
        if name not in pools:
            raise ModelNotFound(name)
        return pools[name]

    told = [] if reports is None else reports
    return PublicModel(
        pool=pool(*members),
        find=find,
        report=told.append,
        fallbacks=Fallbacks(general={"m": tuple(pools)}),
    )


def new_call(**more: Any) -> Call:
    return Call(id="c", task="chat", model="m", caller="me", stream=False, **more)


async def ask(served: PublicModel, params: Json | None = None, **more: Any) -> Call:
    """Ask for a whole answer; give its call."""
    call = new_call(**more)
    await served.call(call, {**ASK, **(params or {})})
    return call
