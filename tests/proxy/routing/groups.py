"""Groups of deployments for tests: scripted ways to AWS, a clock and pauses that tests watch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters import formats
from adapters.base import Json
from adapters.endpoint import Endpoint
from adapters.errors import GatewayError, ModelNotFound, UpstreamError
from proxy.routing.call import Call
from proxy.routing.fallbacks import Fallbacks
from proxy.routing.live import LiveDeployment
from proxy.routing.member import Member
from proxy.routing.model import PublicModel
from proxy.routing.pool import Pool
from proxy.routing.wishes import NO_WISHES, Wishes
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedInvoker

ASK: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
GOOD = [{"generated_text": "x"}]
TOKEN = b"data:" + orjson.dumps({"token": {"text": "a"}}) + b"\n\n"
LAST = b"data:" + orjson.dumps({"token": {"text": "b"}, "generated_text": "ab"}) + b"\n\n"


@dataclass
class Clock:
    """Time that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Pauses:
    """The pauses between tries, which are over at once; the test's clock moves with them."""

    clock: Clock = field(default_factory=Clock)
    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.clock.now += seconds
        await asyncio.sleep(0)


def broken(kind: type[GatewayError] = UpstreamError, **details: object) -> GatewayError:
    """An error of its own for each try: the pool writes on those that it raises."""
    return kind("x", **{"retryable": True, **details})  # type: ignore[arg-type]  # passed through


def script(*replies: Any, streams: Sequence[Any] | None = None) -> ScriptedInvoker:
    """Give an invoker that answers with these, whole and as streams; the last one stays."""
    return ScriptedInvoker(
        replies=list(replies or (GOOD,)), streams=list(streams or ([TOKEN, LAST],))
    )


def member(
    name: str = "a",
    invoker: ScriptedInvoker | None = None,
    clock: Clock | None = None,
    **place: Any,
) -> Member:
    """Give a deployment by its id."""
    endpoint = Endpoint(
        id=name,
        target=make_target(),
        format=formats.load("huggingface"),
        invoker=invoker or script(),
    )
    return Member(endpoint=endpoint, live=LiveDeployment(clock or Clock()), **place)


def pool(*members: Member, pauses: Pauses | None = None, **rules: Any) -> Pool:
    """Give a model's pool; its tries go on at once."""
    return Pool(**{"model": "m", "members": members, "sleep": pauses or Pauses(), **rules})


def model(own: Pool, *others: Pool, **more: Any) -> PublicModel:
    """Give a public model, and the ones that may stand in for it."""
    pools = {each.model: each for each in (own, *others)}

    def find(name: str) -> Pool:
        if name not in pools:
            raise ModelNotFound(name)
        return pools[name]

    settings = {"report": _no_report, "fallbacks": Fallbacks(default=tuple(pools)), **more}
    return PublicModel(pool=own, find=find, **settings)


def new_call(*, stream: bool = False, wishes: Wishes = NO_WISHES) -> Call:
    """Give a request's call."""
    return Call(id="c1", task="chat", model="m", caller="me", stream=stream, wishes=wishes)


def _no_report(call: Call) -> None:
    del call
