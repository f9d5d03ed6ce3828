"""A client's leaving: what is done for it ends with it.

Knows how its leaving is heard of; refuses to know what is done meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from starlette.types import Receive

from proxy.held_stream import HeldStream
from proxy.incoming import ClientGone, Incoming
from proxy.routing.call import Call
from proxy.sse import ChunkSource

T = TypeVar("T")
S = TypeVar("S", bound=ChunkSource)


async def until_gone(request: Incoming, work: Awaitable[T]) -> T:
    """Give the work's result, or cancel it when the client leaves before it is there.

    Raises:
        ClientGone: it left.
    """
    with UntilGone(request):
        return await work


async def until_held(
    request: Incoming, call: Call, work: Coroutine[Any, Any, S]
) -> asyncio.Task[S]:
    """Give the work at a stream, done; or under way, once the call waits for an endpoint to start.

    Raises:
        ClientGone: the client left; the work is cancelled.
    """
    doing = asyncio.ensure_future(work)
    call.holding = asyncio.get_running_loop().create_future()
    either: set[asyncio.Future[Any]] = {doing, call.holding}
    first = asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    try:
        await until_gone(request, first)
    except BaseException:
        await HeldStream(doing).aclose()  # nobody else will: it may have come just now
        raise
    return doing


class _Line(Protocol):
    """Who hears of the client's leaving."""

    def watch(self, leave: Callable[[], object]) -> None:
        """Call `leave` once the client has left: never within this call, and until `unwatch`."""
        ...

    def unwatch(self) -> None:
        """Forget whom to call."""
        ...


class UntilGone:
    """A block that is cancelled when the client leaves, as `asyncio.timeout` is when it is time.

    Raises:
        ClientGone: it left, and the block has ended for that.
    """

    __slots__ = ("_gone", "_line", "_others", "_task")

    def __init__(self, request: Incoming) -> None:
        cycle = request.cycle
        self._line: _Line = cycle or _Listener(request.receive)
        task = asyncio.current_task() if cycle is None else cycle.task
        assert task is not None  # noqa: S101 - requests are served by tasks
        self._task = task
        self._gone = False

    def __enter__(self) -> None:
        task = self._task
        self._others = task.cancelling()
        self._line.watch(self._leave)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._line.unwatch()
        if not self._gone:
            return
        if self._task.uncancel() <= self._others and kind is asyncio.CancelledError:
            raise ClientGone from None

    def _leave(self) -> None:
        self._gone = True
        self._line.unwatch()
        self._task.cancel()


class _Listener:
    """Listens for a client's leaving where the server tells of it in no way but ASGI's."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._listening: asyncio.Task[None] | None = None

    def watch(self, leave: Callable[[], object]) -> None:
        """Listen, in a task."""
        self._listening = asyncio.ensure_future(self._listen(leave))

    def unwatch(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.cancel()

    async def _listen(self, leave: Callable[[], object]) -> None:
        with suppress(Exception):  # a line that breaks is a client that has left
            while (await self._receive())["type"] != "http.disconnect":
                pass
        leave()
