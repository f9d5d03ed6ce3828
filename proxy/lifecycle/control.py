"""What an administrator can have done to the whole gateway, however many processes it has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from adapters.errors import ConfigError
from adapters.value import value
from proxy.lifecycle.life import Life
from proxy.lifecycle.plan import Plan

#: Reads the configuration anew; raises `ConfigError` when it can't be used. Takes a while.
Reread = Callable[[], Plan]

_log = structlog.stdlib.get_logger("sagegate")


@value(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """How a reload went."""

    #: Processes that serve the new configuration.
    workers: int
    #: Processes that were asked to.
    of: int
    notices: tuple[str, ...] = ()


class Control(Protocol):
    """The gateway as a whole."""

    async def reload(self) -> Reloaded:
        """Serve what the configuration file says now.

        Raises:
            ConfigError: it can't be used; everything stays as it was.
        """
        ...

    async def drain(self) -> None:
        """Announce the end: readiness fails, and everything is served until a signal comes."""
        ...

    async def backlog(self) -> int:
        """Count the requests under way."""
        ...


class Alone:
    """The control of a gateway that is one process."""

    def __init__(self, life: Life, reread: Reread) -> None:
        self._life = life
        self._reread = reread
        self._one_at_a_time = asyncio.Lock()

    async def reload(self) -> Reloaded:
        """Read, build and swap; reading happens beside the requests."""
        async with self._one_at_a_time:
            plan = await read(self._reread)
            await self._life.take(plan)
        return told(Reloaded(workers=1, of=1, notices=plan.notices))

    async def drain(self) -> None:
        """Announce this process's end."""
        self._life.drain.begun = True

    async def backlog(self) -> int:
        """Count this process's requests."""
        return self._life.calls


async def read(reread: Reread) -> Plan:
    """Read a plan without holding anybody up; a refusal is logged.

    Raises:
        ConfigError: there is none.
    """
    try:
        return await asyncio.to_thread(reread)
    except ConfigError as error:
        _log.warning("reload.refused", problems=str(error).splitlines())
        raise


def told(reloaded: Reloaded) -> Reloaded:
    """Log how a reload went, and give it."""
    for notice in reloaded.notices:
        _log.warning("config.notice", notice=notice)
    _log.info("reload.done", workers=reloaded.workers, of=reloaded.of)
    return reloaded
