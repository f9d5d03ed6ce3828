"""The operator's callbacks at work: what they are told of a request, and what they may do to it.

None of them fails a request or delays it for longer than the configuration allows. Their faults
are logged and counted.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterable
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
        self._of: dict[HookName, list[tuple[str, Callable[..., Any]]]] = {}
        for each in callbacks:
            for hook in each.hooks:
                method = getattr(each.target, hook)
                self._of.setdefault(hook, []).append((each.name, method))
        self._lane = lane
        self._seconds = seconds
        self._count = count
        self._names_caller = names_caller
        self._home = asyncio.get_running_loop()

    @property
    def sees_requests(self) -> bool:
        """Whether anybody wants to see a request before it is answered."""
        return "pre_call" in self._of

    async def edited(self, asked: Asked, body: Json) -> Json:
        """Give a request as the pre-call hooks make it: the very same where they leave it.

        Raises:
            InvalidRequest: one of them refuses it.
        """
        data = before = orjson.dumps(body)
        until = self._home.time() + self._seconds
        for name, hook in self._of["pre_call"]:
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
        for name, _ in self._of["pre_call"]:
            self._tell(name, "pre_call", "edit", error)

    def report(self, call: Call) -> None:
        """Tell of a call that has ended."""
        record = record_of(call, time.time(), names_caller=self._names_caller)
        for event in events_of(record):
            for name, hook in self._of.get(event, ()):
                try:
                    self._lane.post(partial(self._told, name, event, hook, record))
                except LaneFull as error:
                    self._faulty(name, event, error)

    async def _told(
        self, name: str, event: HookName, hook: Callable[..., Any], record: Record
    ) -> None:
        """Call a hook, in the lane."""
        try:
            await _called(hook, record)
        except asyncio.CancelledError:
            self._home.call_soon_threadsafe(self._faulty, name, event, TimeoutError())
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._home.call_soon_threadsafe(self._faulty, name, event, error)

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
