"""The cell: who is served with what, when a gateway is closed, and what a failure changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.errors import ConfigError
from adapters.sagemaker.network import Network
from proxy.building import Builder, WayToAws
from proxy.gateway import Gateway
from proxy.lifecycle.control import Alone
from proxy.lifecycle.life import Life, living
from proxy.lifecycle.plan import Plan
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import ScriptedWay, config, entry
from tests.proxy.wildcards.account import ScriptedAccount

AWS = {"AWS_REGION": "eu-west-1"}
FIRST = Plan(config=config(), environ=AWS)
SECOND = Plan(
    config=config(model_list=[entry("new", "sagemaker_chat/e")]), environ={**AWS, "A": "1"}
)
BROKEN = Plan(config=config(model_list=[entry("x", "sagemaker/e", format="none")]), environ=AWS)


class Stage:
    """A life on a scripted way to AWS, and what happened to it."""

    def __init__(self, account: ScriptedAccount | None = None) -> None:
        self.opened: list[Network] = []
        self.closed: list[Network] = []
        self.closing = asyncio.Event()
        self.settled: list[Plan] = []
        self._way = ScriptedWay(ScriptedInvoker(), account or ScriptedAccount())

    @asynccontextmanager
    async def living(self, plan: Plan = FIRST) -> AsyncIterator[Life]:
        async with living(Builder(self._open).open, self.settled.append, plan) as life:
            yield life

    @asynccontextmanager
    async def _open(self, network: Network) -> AsyncIterator[WayToAws]:
        self.opened.append(network)
        yield self._way
        self.closed.append(network)
        self.closing.set()


def names(gateway: Gateway) -> list[str]:
    """Give the models of a gateway."""
    return list(gateway.registry.models())


async def test_a_request_keeps_its_gateway() -> None:
    """Who entered before a reload sees the old gateway to the end; who enters later, the new."""
    stage = Stage()
    async with stage.living() as life:
        before = life.enter()
        await life.take(SECOND)
        after = life.enter()
        assert (names(before.gateway), names(after.gateway)) == (["chat", "text"], ["new"])
        assert life.calls == 2
        before.leave()
        after.leave()
        assert life.calls == 0
    assert len(stage.opened) == len(stage.closed) == 1


async def test_what_cannot_be_built_changes_nothing() -> None:
    """A plan that fails leaves the gateway as it is, and the process's settings too."""
    stage = Stage()
    async with stage.living() as life:
        with pytest.raises(ConfigError):
            await life.take(BROKEN)
        assert names(life.enter().gateway) == ["chat", "text"]
        assert stage.settled == [BROKEN, FIRST]


async def test_another_network_is_another_way() -> None:
    """The old way to AWS closes with its last request, and not before."""
    stage = Stage()
    proxied = Plan(config=config(), environ={**AWS, "HTTPS_PROXY": "http://127.0.0.1:9"})
    async with stage.living() as life:
        before = life.enter()
        await life.take(proxied)
        await asyncio.sleep(0)
        assert (len(stage.opened), stage.closed) == (2, [])
        before.leave()
        await asyncio.wait_for(stage.closing.wait(), 10)
        assert stage.closed == stage.opened[:1]
    assert stage.closed == stage.opened


async def test_the_end_closes_everything() -> None:
    """At the process's end also what somebody is still served with is closed."""
    stage = Stage()
    async with stage.living() as life:
        life.enter()
        await life.take(Plan(config=config(), environ={**AWS, "HTTPS_PROXY": "http://127.0.0.1:9"}))
    assert len(stage.closed) == 2


async def test_what_is_known_of_a_deployment_stays() -> None:
    """The same deployment keeps what has been learnt of it; discovery keeps what it has found."""
    wild = entry("sm/*", "sagemaker_chat/t-*", discover={})
    account = ScriptedAccount({"t-a": "InService"})
    plan = Plan(config=config(model_list=[wild]), environ=AWS)
    stage = Stage(account)
    async with stage.living(plan) as life:
        old = life.enter().gateway
        await old.registry.listings[0].refresh()
        account.open.clear()

        await life.take(
            Plan(config=config(model_list=[wild, entry("b", "sagemaker/e")]), environ=AWS)
        )

        assert names(life.enter().gateway) == ["b", "sm/a"]


async def test_reloads_wait_for_each_other() -> None:
    """Of two reloads the one that was asked for later is served in the end."""
    plans = iter([SECOND, FIRST])
    async with Stage().living() as life:
        control = Alone(life, lambda: next(plans))
        await asyncio.gather(control.reload(), control.reload())
        assert names(life.enter().gateway) == ["chat", "text"]


def test_a_plan_settles_the_environment() -> None:
    """What an earlier plan exported and this one does not is gone; the rest is as the plan says."""
    environ = {"AWS_REGION": "us-east-1", "OLD": "x"}
    SECOND.settle(environ)
    assert environ == {"AWS_REGION": "eu-west-1", "A": "1"}
