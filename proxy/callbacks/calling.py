"""The operator's callbacks at work: what they are told of a request, and what they may do to it.

None of them fails a request or delays it for longer than the configuration allows. Their faults
are logged and counted.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, Final, Literal

import orjson
import structlog

from adapters.base import Json
from adapters.errors import InvalidRequest
from proxy.callbacks.hooks import Asked, HookName, Record, events_of, record_of
from proxy.callbacks.lane import Lane, LaneFull
from proxy.callbacks.loading import Callback
from proxy.routing.call import Call

_log = structlog.stdlib.get_logger("sagegate")

#: `error`: it raised, or gave what is none; `timeout`: it took too long; `dropped`: too much was
#: under way to begin it; `edit`: what it made of a request is none that the gateway takes.
Fault = Literal["error", "timeout", "dropped", "edit"]
#: Hears of each fault: the callback's name, the hook's, and the kind.
CountFault = Callable[[str, HookName, Fault], None]

_CODE: Final = "refused_by_callback"
#: Characters of what a callback says to a client.
_LONGEST: Final = 1000


class Callbacks:
    """Calls the callbacks of one configuration.

    Args:
        callbacks: All of them.
        lane: Where they run.
        seconds: How long a request waits for all its pre-call hooks together.
        count: Hears of faults.
        names_caller: Whether records say who called.
    """

    def __init__(
        self,
        callbacks: Iterable[Callback],
        lane: Lane,
        seconds: float,
        count: CountFault,
        *,
        names_caller: bool = True,
    ) -> None:
        self._hearing = tuple(callbacks)
        self._seeing = [
            (each.name, getattr(each.target, "pre_call"))  # noqa: B009 - anything may have one
            for each in self._hearing
            if "pre_call" in each.hooks
        ]
        self._lane = lane
        self._seconds = seconds
        self._count = count
        self._names_caller = names_caller
        self._home = asyncio.get_running_loop()

    @property
    def sees_requests(self) -> bool:
        """Whether anybody wants to see a request before it is answered."""
        return bool(self._seeing)

    async def edited(self, asked: Asked, body: Json) -> Json:
        """Give a request as the pre-call hooks make it: the very same where they leave it.

        Raises:
            InvalidRequest: one of them refuses it.
        """
        data = before = orjson.dumps(body)
        until = self._home.time() + self._seconds
        for name, hook in self._seeing:
            try:
                # each hook gets a copy: one that is too late changes nobody's request
                work = self._lane.post(partial(_seen, hook, asked, data))
                async with asyncio.timeout_at(until):
                    seen = await asyncio.wrap_future(work)
            except Exception as error:  # noqa: BLE001 - somebody else's code: whatever it raises
                self._faulty(name, "pre_call", error)
                continue
            if isinstance(seen, InvalidRequest):
                raise seen
            data = seen
        return body if data == before else orjson.loads(data)

    def useless(self, error: Exception) -> None:
        """Note that what the hooks made of a request is none that the gateway takes."""
        for name, _ in self._seeing:
            self._tell(name, "pre_call", "edit", error)

    def report(self, call: Call) -> None:
        """Tell of a call that has ended."""
        events = events_of(call)
        hearing = [each for each in self._hearing if each.hooks.intersection(events)]
        if not hearing:
            return
        record = record_of(call, time.time(), names_caller=self._names_caller)
        for each in hearing:
            try:
                self._lane.post_soon(partial(self._told, each, events, record))
            except LaneFull as error:
                self._faulty(each.name, events[-1], error)

    def _told(
        self, callback: Callback, events: tuple[HookName, ...], record: Record
    ) -> Awaitable[None] | None:
        """Call a callback's hooks one after the other, in the lane; give what is to be waited for.

        Plain methods are done then: a task for each of them would cost more than most of them do.
        """
        wanted: list[HookName] = [event for event in events if event in callback.hooks]
        for number, event in enumerate(wanted, 1):
            try:
                given = getattr(callback.target, event)(record)
            except Exception as error:  # noqa: BLE001 - as above
                self._from_lane(callback.name, event, error)
                continue
            if inspect.isawaitable(given):
                return self._waited(callback, given, event, wanted[number:], record)
        return None

    async def _waited(
        self,
        callback: Callback,
        given: Awaitable[Any],
        event: HookName,
        later: Sequence[HookName],
        record: Record,
    ) -> None:
        """Wait for a hook, then call those behind it."""
        try:
            await given
        except asyncio.CancelledError:
            self._from_lane(callback.name, event, TimeoutError())
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._from_lane(callback.name, event, error)
        rest = self._told(callback, tuple(later), record)
        if rest is not None:
            await rest

    def _from_lane(self, name: str, hook: HookName, error: Exception) -> None:
        self._home.call_soon_threadsafe(self._faulty, name, hook, error)

    def _faulty(self, name: str, hook: HookName, error: Exception) -> None:
        kinds: dict[type[Exception], Fault] = {LaneFull: "dropped", TimeoutError: "timeout"}
        self._tell(name, hook, kinds.get(type(error), "error"), error)

    def _tell(self, name: str, hook: HookName, fault: Fault, error: Exception) -> None:
        self._count(name, hook, fault)
        _log.warning("callback.failed", callback=name, hook=hook, fault=fault, exc_info=error)


async def _called(hook: Callable[..., Any], *arguments: object) -> Any:
    given = hook(*arguments)
    return await given if inspect.isawaitable(given) else given


async def _seen(hook: Callable[..., Any], asked: Asked, data: bytes) -> bytes | InvalidRequest:
    """Give what a pre-call hook makes of a body, or its refusal."""
    body = orjson.loads(data)
    try:
        given = await _called(hook, asked, body)
    except Exception as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        return refusal
    if isinstance(given, str):
        return InvalidRequest(given[:_LONGEST], code=_CODE)
    made = body if given is None else given
    if not isinstance(made, dict):
        raise TypeError(f"pre_call gave {type(made).__name__}: expected a body, a text or nothing")
    return orjson.dumps(made)


def _refusal(error: Exception) -> InvalidRequest | None:
    """Give what an error says to the client, if it is meant for one."""
    status = getattr(error, "status_code", None)
    if not isinstance(status, int) or not HTTPStatus.BAD_REQUEST <= status < 500:  # noqa: PLR2004
        return None
    said = getattr(error, "detail", None) or str(error)
    return InvalidRequest(str(said)[:_LONGEST], status=status, code=_CODE)


@asynccontextmanager
async def calling(
    callbacks: Iterable[Callback],
    seconds: float,
    count: CountFault,
    *,
    names_caller: bool = True,
) -> AsyncIterator[Callbacks | None]:
    """Have callbacks called during the block; without any there is nothing, and no thread."""
    known = tuple(callbacks)
    if not known:
        yield None
        return
    lane = Lane()
    try:
        yield Callbacks(known, lane, seconds, count, names_caller=names_caller)
    finally:
        await lane.aclose()
